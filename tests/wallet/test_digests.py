"""Every EIP-712 digest equals what eth-account computes from the struct in words."""

from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data

from gridplus.failures import InputError
from gridplus.wallet import (
    Action,
    Address,
    Authorization,
    CancelExit,
    Cfg,
    ChannelId,
    Close,
    Domain,
    Rotate,
    SetCap,
    StartExit,
    action_digest,
    bill_group_digest,
    bolt_domain,
    credit_digest,
    domain_separator,
    receive_authorization_digest,
    reserve_attestation_digest,
    vault_domain,
    voucher_digest,
)

CONTRACT, PAYER = Address(b"\xc0" * 20), Address(b"\xa1" * 20)
WORD, OTHER = b"\x0c" * 32, b"\x0d" * 32
VAULT, BOLT = vault_domain(31337, CONTRACT), bolt_domain(31337, CONTRACT)
PULL = Authorization(PAYER, CONTRACT, 5_000_000, 0, 1 << 40, WORD)


def typed_digest(domain: Domain, struct: str, message: dict[str, Any]) -> bytes:
    """eth-account's digest of `struct`, spelled like 'Voucher(bytes32 cfg,uint48 spent)'."""
    name, fields = struct.rstrip(")").split("(")
    members = [
        dict(zip(("type", "name"), field.split(), strict=True)) for field in fields.split(",")
    ]
    signable = encode_typed_data(
        {
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": "0x" + domain.contract.hex(),
        },
        {name: members},
        message,
    )
    return bytes(_hash_eip191_message(signable))


def test_a_voucher_digest_equals_the_reference() -> None:
    assert voucher_digest(VAULT, Cfg(WORD), spent=7, earned=9) == typed_digest(
        VAULT,
        "Voucher(bytes32 cfg,uint48 spent,uint48 earned)",
        {"cfg": WORD, "spent": 7, "earned": 9},
    )


def test_a_credit_digest_equals_the_reference() -> None:
    assert credit_digest(VAULT, ChannelId(WORD), earned=9, bill_head=OTHER) == typed_digest(
        VAULT,
        "Credit(bytes32 channel,uint48 earned,bytes32 billHead)",
        {"channel": WORD, "earned": 9, "billHead": OTHER},
    )


def test_a_bill_group_digest_equals_the_reference() -> None:
    assert bill_group_digest(VAULT, WORD, count=17, closed_at_s=1_613_000_000) == typed_digest(
        VAULT,
        "BillGroup(bytes32 root,uint32 count,uint64 closedAt)",
        {"root": WORD, "count": 17, "closedAt": 1_613_000_000},
    )


def test_a_receive_authorization_digest_equals_the_reference() -> None:
    assert receive_authorization_digest(BOLT, PULL) == typed_digest(
        BOLT,
        "ReceiveWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)",
        {
            "from": "0x" + PAYER.hex(),
            "to": "0x" + CONTRACT.hex(),
            "value": 5_000_000,
            "validAfter": 0,
            "validBefore": 1 << 40,
            "nonce": WORD,
        },
    )


def test_a_reserve_attestation_digest_equals_the_reference() -> None:
    assert reserve_attestation_digest(BOLT, time_s=5, supply_seen=6, reserve=7) == typed_digest(
        BOLT,
        "Reserve(uint64 time,uint128 supplySeen,uint128 reserve)",
        {"time": 5, "supplySeen": 6, "reserve": 7},
    )


def test_no_two_of_chain_contract_name_and_version_share_a_domain() -> None:
    domains = [
        Domain(1, CONTRACT, "a", "1"),
        Domain(2, CONTRACT, "a", "1"),
        Domain(1, PAYER, "a", "1"),
        Domain(1, CONTRACT, "b", "1"),
        Domain(1, CONTRACT, "a", "2"),
    ]
    assert len({domain_separator(domain) for domain in domains}) == len(domains)
    digests = {voucher_digest(domain, Cfg(WORD), spent=1, earned=1) for domain in domains}
    assert len(digests) == len(domains)


@pytest.mark.parametrize("counter", [-1, 1 << 48])
def test_a_counter_that_the_contract_cannot_hold_has_no_digest(counter: int) -> None:
    with pytest.raises(InputError, match="48 bits"):
        voucher_digest(VAULT, Cfg(WORD), spent=counter, earned=0)
    with pytest.raises(InputError, match="48 bits"):
        credit_digest(VAULT, ChannelId(WORD), earned=counter, bill_head=OTHER)


def test_a_hash_of_the_wrong_length_has_no_digest() -> None:
    with pytest.raises(InputError, match="32 bytes"):
        credit_digest(VAULT, ChannelId(WORD[:31]), earned=0, bill_head=OTHER)
    with pytest.raises(InputError, match="32 bytes"):
        voucher_digest(VAULT, Cfg(WORD + b"\x00"), spent=0, earned=0)
    with pytest.raises(InputError, match="32 bytes"):
        bill_group_digest(VAULT, b"", count=1, closed_at_s=0)


ACTIONS = {
    StartExit(ChannelId(WORD), PAYER, 3, 9): {"to": "0x" + PAYER.hex()},
    CancelExit(ChannelId(WORD), 3, 9): {},
    Close(ChannelId(WORD), 5, 6, 3, 9): {"spent": 5, "earned": 6},
    Rotate(ChannelId(WORD), PAYER, Cfg(OTHER), 5, 6, 3, 9): {
        "voucherKey": "0x" + PAYER.hex(),
        "cfg": OTHER,
        "spent": 5,
        "earned": 6,
    },
    SetCap(ChannelId(WORD), 77, 3, 9): {"dailyCap": 77},
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_an_action_digest_equals_the_reference(action: Action) -> None:
    message = {"channel": WORD, **ACTIONS[action], "nonce": 3, "validUntil": 9}
    assert action_digest(VAULT, action) == typed_digest(VAULT, action.TYPE, message)


@pytest.mark.parametrize(
    "action",
    [
        CancelExit(ChannelId(WORD), 256, 9),
        CancelExit(ChannelId(WORD), 3, 1 << 64),
        CancelExit(ChannelId(WORD[:31]), 3, 9),
        StartExit(ChannelId(WORD), Address(bytes(21)), 3, 9),
        SetCap(ChannelId(WORD), 1 << 16, 3, 9),
        Close(ChannelId(WORD), -1, 0, 3, 9),
    ],
)
def test_an_action_whose_values_do_not_fit_is_refused(action: Action) -> None:
    with pytest.raises(InputError):
        action_digest(VAULT, action)
