"""BOLT is minted only against a fresh reserve, seen by somebody who does not mint."""

import pytest

from gridplus.contracts import calls
from gridplus.wallet import Address, Domain, bolt_domain, reserve_attestation_digest
from tests.contracts.evm import CHAIN_ID, Reverted, Signer, signer
from tests.contracts.street import (
    ATTESTOR,
    BOLT,
    DAY_S,
    DEPLOYER,
    HUB,
    ISSUER,
    MINTER,
    RESERVE,
    STRANGER,
    Street,
)

HEIR = signer("the next attestor")


@pytest.mark.parametrize(
    ("issuer", "attestor", "minter", "why"),
    [
        (bytes(20), ATTESTOR.address, MINTER.address, "zero issuer"),
        (ISSUER.address, bytes(20), MINTER.address, "bad attestor"),
        (ISSUER.address, ISSUER.address, MINTER.address, "bad attestor"),
        (ISSUER.address, MINTER.address, MINTER.address, "minter is the attestor"),
        (ISSUER.address, ATTESTOR.address, bytes(20), "zero minter"),
    ],
)
def test_a_token_whose_keys_are_not_apart_is_not_deployed(
    street: Street, issuer: bytes, attestor: bytes, minter: bytes, why: str
) -> None:
    code = calls.bolt_init_code(issuer, attestor, minter=minter, minter_allowance=1)
    with pytest.raises(Reverted, match=why):
        street.evm.deploy(DEPLOYER, code)


def test_only_the_issuer_names_minters_and_never_the_attestor(street: Street) -> None:
    data = calls.set_minter(STRANGER.address, BOLT)
    assert street.refused(MINTER, street.bolt, data) == "not the issuer"
    attestor = calls.set_minter(ATTESTOR.address, BOLT)
    assert street.refused(ISSUER, street.bolt, attestor) == "minter is the attestor"
    street.do(ISSUER, street.bolt, data)
    street.do(STRANGER, street.bolt, calls.mint(HUB.address, BOLT))


def test_only_the_issuer_names_the_attestor_and_never_a_minter_or_himself(street: Street) -> None:
    data = calls.set_attestor(HEIR.address)
    assert street.refused(ATTESTOR, street.bolt, data) == "not the issuer"
    minter = calls.set_attestor(MINTER.address)
    assert street.refused(ISSUER, street.bolt, minter) == "attestor is a minter"
    own = calls.set_attestor(ISSUER.address)
    assert street.refused(ISSUER, street.bolt, own) == "bad attestor"

    street.do(ISSUER, street.bolt, data)
    supply, now_s = street.ask(street.bolt, calls.total_supply()), street.evm.now_s
    old = street.attestation(now_s, supply, RESERVE, ATTESTOR)
    assert street.refused(STRANGER, street.bolt, old) == "not the attestor"
    street.do(STRANGER, street.bolt, street.attestation(now_s, supply, RESERVE, HEIR))


def test_a_minter_stays_within_his_allowance_and_the_reserve(street: Street) -> None:
    """I-TK-9"""
    supply = street.ask(street.bolt, calls.total_supply())
    street.attest(reserve=supply + 5 * BOLT)
    street.do(ISSUER, street.bolt, calls.set_minter(MINTER.address, 100 * BOLT))
    mint = calls.mint(HUB.address, 3 * BOLT)
    assert street.refused(STRANGER, street.bolt, mint) == "over minter allowance"
    assert street.refused(MINTER, street.bolt, calls.mint(HUB.address, 0)) == "zero amount"
    assert street.refused(MINTER, street.bolt, calls.mint(bytes(20), 1)) == "bad receiver"
    assert street.refused(MINTER, street.bolt, calls.mint(street.bolt, 1)) == "bad receiver"

    before = street.balance(HUB.address)
    street.do(MINTER, street.bolt, mint)
    assert street.balance(HUB.address) == before + 3 * BOLT
    assert street.ask(street.bolt, calls.total_supply()) == supply + 3 * BOLT
    assert street.ask(street.bolt, calls.mintable()) == 2 * BOLT
    over = calls.mint(HUB.address, 2 * BOLT + 1)
    assert street.refused(MINTER, street.bolt, over) == "over attested reserve"

    street.attest(reserve=2 * supply)
    much = calls.mint(HUB.address, 97 * BOLT + 1)
    assert street.refused(MINTER, street.bolt, much) == "over minter allowance"


def test_an_attestation_counts_for_one_day(street: Street) -> None:
    street.attest(reserve=RESERVE)
    attested_at = street.ask(street.bolt, calls.attested_at())
    street.evm.pass_time(attested_at + DAY_S - street.evm.now_s)
    street.do(MINTER, street.bolt, calls.mint(HUB.address, 1))
    assert street.ask(street.bolt, calls.mintable()) == 0
    data = calls.mint(HUB.address, 1)
    assert street.refused(MINTER, street.bolt, data) == "over attested reserve"


def test_a_stale_a_replayed_an_older_and_a_future_attestation_revert(street: Street) -> None:
    supply = street.ask(street.bolt, calls.total_supply())
    first = street.evm.now_s
    data = street.attestation(first, supply, RESERVE, ATTESTOR)
    street.do(STRANGER, street.bolt, data)
    assert street.refused(STRANGER, street.bolt, data) == "not newer"
    equal = street.attestation(first, supply, 2 * RESERVE, ATTESTOR)
    assert street.refused(STRANGER, street.bolt, equal) == "not newer"
    older = street.attestation(first - 1, supply, RESERVE, ATTESTOR)
    assert street.refused(STRANGER, street.bolt, older) == "not newer"
    early = street.attestation(street.evm.now_s + 60, supply, RESERVE, ATTESTOR)
    assert street.refused(STRANGER, street.bolt, early) == "from the future"

    late = street.attestation(street.evm.now_s, supply, RESERVE, ATTESTOR)
    street.evm.pass_time(DAY_S + 1)
    assert street.refused(STRANGER, street.bolt, late) == "stale attestation"


def signed_for(street: Street, domain: Domain, by: Signer, **claimed: int) -> bytes:
    facts = {
        "time_s": street.evm.now_s,
        "supply_seen": street.ask(street.bolt, calls.total_supply()),
        "reserve": RESERVE,
    }
    signature = by.sign(reserve_attestation_digest(domain, **facts))
    facts.update(claimed)
    return calls.attest_reserve(
        facts["time_s"],
        supply_seen=facts["supply_seen"],
        reserve=facts["reserve"],
        signature=signature,
    )


def test_a_foreign_chains_or_tokens_or_signers_attestation_reverts(street: Street) -> None:
    token = street.token_domain
    for domain, by, claimed in (
        (bolt_domain(CHAIN_ID + 1, street.bolt), ATTESTOR, {}),
        (bolt_domain(CHAIN_ID, Address(street.vault)), ATTESTOR, {}),
        (street.domain, ATTESTOR, {}),
        (token, MINTER, {}),
        (token, ATTESTOR, {"reserve": RESERVE + 1}),
        (token, ATTESTOR, {"supply_seen": RESERVE}),
    ):
        data = signed_for(street, domain, by, **claimed)
        assert street.refused(STRANGER, street.bolt, data) == "not the attestor"
    street.do(STRANGER, street.bolt, signed_for(street, token, ATTESTOR))


def test_an_attestation_that_did_not_see_the_last_mint_reverts(street: Street) -> None:
    supply, seen_at = street.ask(street.bolt, calls.total_supply()), street.evm.now_s
    street.evm.pass_time(60)
    street.do(MINTER, street.bolt, calls.mint(HUB.address, BOLT))
    blind = street.attestation(seen_at, supply, RESERVE, ATTESTOR)
    assert street.refused(STRANGER, street.bolt, blind) == "older than the last mint or payment"
    wrong = street.attestation(street.evm.now_s, supply, RESERVE, ATTESTOR)
    assert street.refused(STRANGER, street.bolt, wrong) == "saw less than the supply"


def test_burned_tokens_are_not_minted_again_under_the_old_attestation(street: Street) -> None:
    """I-TK-9"""
    supply = street.ask(street.bolt, calls.total_supply())
    street.attest(reserve=supply + 10 * BOLT)
    street.do(MINTER, street.bolt, calls.mint(HUB.address, 10 * BOLT))
    street.do(HUB, street.bolt, calls.redeem(10 * BOLT, bytes(32)))
    assert street.ask(street.bolt, calls.mintable()) == 0
    street.do(ISSUER, street.bolt, calls.mark_paid(0))
    assert street.ask(street.bolt, calls.mintable()) == 0
    assert (
        street.refused(MINTER, street.bolt, calls.mint(HUB.address, 1)) == "over attested reserve"
    )
    street.attest(reserve=supply + 1)
    street.do(MINTER, street.bolt, calls.mint(HUB.address, 1))


def test_queued_redemptions_take_room_until_an_attestation_that_saw_them_paid(
    street: Street,
) -> None:
    supply = street.ask(street.bolt, calls.total_supply())
    street.do(HUB, street.bolt, calls.redeem(4 * BOLT, bytes(32)))
    # The reserve still holds what is owed to the redeemer, and the supply no longer does.
    street.attest(reserve=supply)
    assert street.ask(street.bolt, calls.mintable()) == 0
    street.do(ISSUER, street.bolt, calls.mark_paid(0))
    assert street.ask(street.bolt, calls.mintable()) == 0
    street.attest(reserve=supply - 4 * BOLT)
    assert street.ask(street.bolt, calls.mintable()) == 0
    street.attest(reserve=supply)
    assert street.ask(street.bolt, calls.mintable()) == 4 * BOLT


def test_an_attestation_from_before_a_payment_reverts(street: Street) -> None:
    street.do(HUB, street.bolt, calls.redeem(4 * BOLT, bytes(32)))
    supply, seen_at = street.ask(street.bolt, calls.total_supply()), street.evm.now_s
    street.evm.pass_time(60)
    street.do(ISSUER, street.bolt, calls.mark_paid(0))
    blind = street.attestation(seen_at, supply, RESERVE, ATTESTOR)
    assert street.refused(STRANGER, street.bolt, blind) == "older than the last mint or payment"


def test_a_reserve_below_the_supply_mints_nothing(street: Street) -> None:
    street.attest(reserve=1)
    assert street.ask(street.bolt, calls.mintable()) == 0
