"""Typed calls and logs agree with the compiled ABI and refuse what does not fit."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from eth.abc import ComputationAPI

from gridplus.contracts import artifact, calls, code_hashes, home_calls, parse_log
from gridplus.contracts.abi import argument_types, decode_values, selector
from gridplus.contracts.logs import _BY_TOPIC
from gridplus.digest import keccak256
from gridplus.failures import Bug, RemoteError
from gridplus.units import U48_MAX
from tests.contracts.evm import Evm, signer
from tests.contracts.street import HUB, STRANGER, Street

SIGNATURE = bytes(64)
WORD, ADDRESS = bytes(32), b"\x01" * 20
AUTHORIZED = calls.AuthorizedDeposit(ADDRESS, WORD, 1, ADDRESS, 0, 0, 1, SIGNATURE)
HOME = home_calls.Home(ADDRESS, WORD, bytes(160))
PAIR = home_calls.Pair(3, SIGNATURE, SIGNATURE)
FINAL = home_calls.Final(1, 1, 1, SIGNATURE)
CALLDATA = {
    "bolt": [
        calls.approve(ADDRESS, 1),
        calls.transfer(ADDRESS, 1),
        calls.attest_reserve(1, supply_seen=1, reserve=1, signature=SIGNATURE),
        calls.mint(ADDRESS, 1),
        calls.redeem(1, WORD),
        calls.mark_paid(1),
        calls.set_minter(ADDRESS, 1),
        calls.set_attestor(ADDRESS),
        calls.balance_of(ADDRESS).calldata,
        calls.total_supply().calldata,
        calls.mintable().calldata,
        calls.attested_at().calldata,
        calls.domain_separator().calldata,
    ],
    "vault": [
        calls.deposit(ADDRESS, WORD, amount=1),
        calls.deposit_with_authorization(AUTHORIZED),
        calls.fund_pool(1),
        calls.claim([], fund=0, seq=0),
        calls.post_vouchers([]),
        calls.post_credit(WORD, earned=1, bill_head=WORD, signature=SIGNATURE),
        home_calls.start_exit(HOME),
        home_calls.start_exit_by_two(HOME, ADDRESS, valid_until_s=1, by=PAIR),
        home_calls.cancel_exit(HOME),
        home_calls.cancel_exit_by_two(HOME, valid_until_s=1, by=PAIR),
        home_calls.finish_exit(HOME),
        home_calls.close(HOME, FINAL),
        home_calls.close_by_two(HOME, FINAL, by=PAIR),
        home_calls.rotate(HOME, ADDRESS, cfg=WORD, final=FINAL, by=PAIR),
        home_calls.set_cap(HOME, 1, valid_until_s=1, signature=SIGNATURE, by=PAIR),
        home_calls.exit_receiver(WORD).calldata,
        calls.request_withdrawal(1),
        calls.cancel_withdrawal(),
        calls.finish_withdrawal(),
        calls.request_hub(ADDRESS),
        calls.cancel_hub(),
        calls.finish_hub(),
        calls.channel_word(WORD).calldata,
        calls.headroom(WORD).calldata,
        calls.cap_allowance(WORD).calldata,
        calls.pool().calldata,
        calls.next_seq().calldata,
        calls.credit_allowance().calldata,
        calls.withdrawal().calldata,
        calls.replacement().calldata,
        calls.hub().calldata,
        calls.treasurer().calldata,
        calls.token().calldata,
    ],
    "anchor": [
        calls.anchor(1, 0, root=WORD),
        calls.anchored(ADDRESS, 1, kind=0).calldata,
    ],
}


def spelling(entry: dict[str, object]) -> str:
    """'name(types)' of an ABI entry, tuples written out."""

    def kind(argument: dict[str, object]) -> str:
        if "components" not in argument:
            return str(argument["type"])
        inner = ",".join(kind(part) for part in argument["components"])  # type: ignore[attr-defined]
        return f"({inner}){str(argument['type']).removeprefix('tuple')}"

    types = ",".join(kind(argument) for argument in entry["inputs"])  # type: ignore[attr-defined]
    return f"{entry['name']}({types})"


@pytest.mark.parametrize("name", list(CALLDATA))
def test_every_call_is_a_function_of_the_compiled_contract(name: str) -> None:
    functions = [entry for entry in artifact(name).abi if entry["type"] == "function"]
    known = {selector(spelling(entry)) for entry in functions}
    assert {data[:4] for data in CALLDATA[name]} <= known


def test_every_log_is_an_event_of_a_compiled_contract_with_indexed_fields_first() -> None:
    events = {}
    for name in code_hashes():
        for entry in artifact(name).abi:
            if entry["type"] == "event":
                events[keccak256(spelling(entry).encode())] = entry
                indexed = [argument["indexed"] for argument in entry["inputs"]]
                assert indexed == sorted(indexed, reverse=True)
    assert set(_BY_TOPIC) <= set(events)


def test_every_call_names_at_most_what_its_types_hold() -> None:
    item = calls.ClaimItem(WORD, U48_MAX, U48_MAX, SIGNATURE, U48_MAX)
    assert item.words()[1] == (1 << 144) - 1
    for broken in (
        calls.ClaimItem(WORD, U48_MAX + 1, 0, SIGNATURE),
        calls.ClaimItem(WORD, 0, -1, SIGNATURE),
        calls.ClaimItem(WORD, 0, 0, SIGNATURE, U48_MAX + 1),
        calls.ClaimItem(WORD, 0, 0, SIGNATURE[:63]),
    ):
        with pytest.raises(Bug):
            calls.claim([broken], fund=0, seq=0)
    whole = [calls.ClaimItem(WORD, 0, 0, SIGNATURE)] * 201
    for build in (lambda: calls.claim(whole, fund=0, seq=0), lambda: calls.post_vouchers(whole)):
        with pytest.raises(Bug, match="200 items"):
            build()
    with pytest.raises(Bug, match="five words"):
        home_calls.start_exit(replace(HOME, descriptor=bytes(159)))
    with pytest.raises(Bug, match="1,024 bytes"):
        replace(PAIR, second=bytes(1025)).words()


def test_argument_types_keep_tuples_and_arrays_whole() -> None:
    assert argument_types("f((bytes32,uint8)[],uint256)") == ["(bytes32,uint8)[]", "uint256"]
    assert argument_types("f()") == []


def test_an_answer_that_does_not_fit_is_an_error_and_not_a_value() -> None:
    with pytest.raises(RemoteError, match="31 bytes"):
        calls.pool().decode(bytes(31))
    with pytest.raises(RemoteError):
        decode_values(["address"], b"\xff" * 32)


def test_a_foreign_log_is_nothing_and_a_broken_one_an_error() -> None:
    assert parse_log([], b"") is None
    assert parse_log([keccak256(b"Foreign(uint256)")], bytes(32)) is None
    funded = keccak256(b"PoolFunded(address,uint256)")
    with pytest.raises(RemoteError):
        parse_log([funded, bytes(32)], b"")
    with pytest.raises(RemoteError, match="3 indexed"):
        parse_log([funded, bytes(32), bytes(32), bytes(32)], b"")


def test_deployed_code_starts_with_the_code_whose_hash_is_committed(street: Street) -> None:
    for name, address in (
        ("bolt", street.bolt),
        ("vault", street.vault),
        ("anchor", street.anchor),
    ):
        code = street.evm.code(address)
        found = artifact(name)
        assert keccak256(code[: found.runtime_size]) == found.runtime_hash == code_hashes()[name]
        assert len(code) >= found.runtime_size


YES = (1).to_bytes(32, "big")
STUBS: dict[str, tuple[Callable[[bytes], bytes] | None, str]] = {
    "no code": (None, "no P-256 precompile"),
    "always no": (lambda data: b"", "no P-256 precompile"),
    "says no with a zero": (lambda data: bytes(32), "no P-256 precompile"),
    "always yes": (lambda data: YES, "accepts a wrong digest"),
    "reads no digest": (lambda data: YES * (data[32:64] > data[64:96]), "accepts a wrong digest"),
    "reads only the digest": (
        lambda data: YES * (data[:32] == sha256(b"Grid+ Vault").digest()),
        "accepts a wrong signature",
    ),
}


@pytest.mark.parametrize(("stub", "why"), list(STUBS.values()), ids=list(STUBS))
def test_a_vault_refuses_a_chain_that_cannot_verify_p256(
    stub: Callable[[bytes], bytes] | None, why: str
) -> None:
    def precompile(computation: ComputationAPI) -> ComputationAPI:
        assert stub is not None
        computation.output = stub(bytes(computation.msg.data))
        return computation

    evm = Evm(p256=precompile if stub else None)
    token = evm.deploy(STRANGER, calls.anchor_init_code())
    code = calls.vault_init_code(token, hub=HUB.address, treasurer=signer("t").address)
    outcome = evm.send(STRANGER, b"", code)
    assert not outcome.ok
    assert why in outcome.reason
