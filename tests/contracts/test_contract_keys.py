"""Owner and guardian may be contracts (EIP-1271) for what two keys decide; a voucher key never."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from vyper.compiler import compile_code

from gridplus.contracts import calls, home_calls
from gridplus.wallet import (
    Action,
    Address,
    CancelExit,
    Close,
    Role,
    Rotate,
    SetCap,
    StartExit,
    action_digest,
    channel_id,
    descriptor_cfg,
    voucher_digest,
)
from tests.contracts.evm import Signer, signer
from tests.contracts.street import (
    BOLT,
    DAY_S,
    HUB,
    OWNER_GUARDIAN,
    STRANGER,
    Home,
    Street,
)

CONTRACT_WALLET = """
signer: immutable(address)
answer: immutable(bytes32)

@deploy
def __init__(signer_: address, answer_: bytes32):
    signer = signer_
    answer = answer_

@view
@external
def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> bytes32:
    assert len(signature) == 96
    r: uint256 = convert(slice(signature, 0, 32), uint256)
    s: uint256 = convert(slice(signature, 32, 32), uint256)
    v: uint256 = convert(slice(signature, 64, 32), uint256)
    assert ecrecover(digest, v, r, s) == signer
    return answer
"""
MAGIC = bytes.fromhex("1626ba7e").ljust(32, b"\x00")


Call = Callable[[home_calls.Pair], bytes]


def wallet_of(street: Street, key: Signer, answer: bytes = MAGIC) -> Address:
    """A contract that answers `answer` for what `key` signed, and reverts for the rest."""
    code = compile_code(CONTRACT_WALLET, output_formats=["bytecode"])["bytecode"]
    arguments = bytes(12) + key.address + answer
    return street.evm.deploy(STRANGER, bytes.fromhex(code[2:]) + arguments)


def with_contract(street: Street, role: Role, answer: bytes = MAGIC) -> Home:
    """An open home whose owner or guardian is a contract that believes the role's key."""
    home = street.home("ada")
    if role == Role.OWNER:
        descriptor = replace(home.descriptor, owner=wallet_of(street, home.owner, answer))
    else:
        descriptor = replace(home.descriptor, guardian=wallet_of(street, home.guardian, answer))
    cfg = descriptor_cfg(descriptor, 20)
    channel = channel_id(home.voucher_key.address, cfg)
    home = replace(home, descriptor=descriptor, cfg=cfg, channel=channel)
    street.give(home.owner, 30 * BOLT)
    street.deposit(home, 30 * BOLT)
    return home


def expanded(signature: bytes) -> bytes:
    """(r, s, v) in three words, as the contract wallet takes it."""
    vs = int.from_bytes(signature[32:], "big")
    s, v = vs & (1 << 255) - 1, 27 + (vs >> 255)
    return signature[:32] + s.to_bytes(32, "big") + v.to_bytes(32, "big")


def decision(street: Street, home: Home, name: str) -> tuple[Action, Call]:
    """What two keys may decide now: the message, and the calldata for their signatures."""
    until_s, to = street.evm.now_s + DAY_S, street.home("bob")
    channel, owner, key = home.channel, home.descriptor.owner, to.voucher_key.address
    nonce = street.word(home).op_nonce
    action: Action = {
        "start": StartExit(channel, owner, nonce, until_s),
        "cancel": CancelExit(channel, nonce, until_s),
        "close": Close(channel, 0, 0, nonce, until_s),
        "rotate": Rotate(channel, key, to.cfg, 0, 0, nonce, until_s),
        "set cap": SetCap(channel, 7, nonce, until_s),
    }[name]
    consent = HUB.sign(action_digest(street.domain, action))
    final, named = home_calls.Final(0, 0, until_s, consent), home.named

    def call(by: home_calls.Pair) -> bytes:
        match name:
            case "start":
                return home_calls.start_exit_by_two(named, owner, valid_until_s=until_s, by=by)
            case "cancel":
                return home_calls.cancel_exit_by_two(named, valid_until_s=until_s, by=by)
            case "close":
                return home_calls.close_by_two(named, final, by=by)
            case "rotate":
                return home_calls.rotate(named, key, cfg=to.cfg, final=final, by=by)
        return home_calls.set_cap(named, 7, valid_until_s=until_s, signature=consent, by=by)

    return action, call


DECISIONS = ("start", "cancel", "close", "rotate", "set cap")


@pytest.mark.parametrize("name", DECISIONS)
@pytest.mark.parametrize("role", [Role.OWNER, Role.GUARDIAN])
def test_a_contract_decides_what_a_key_may(street: Street, role: Role, name: str) -> None:
    home = with_contract(street, role)
    if name == "cancel":
        action, call = decision(street, home, "start")
        street.do(STRANGER, street.vault, call(signed(home, action, role)))
    action, call = decision(street, home, name)
    good = signed(home, action, role)
    forged = signed(home, action, role, by=STRANGER)
    which = "first" if role == Role.OWNER else "second"
    assert street.refused(STRANGER, street.vault, call(forged)) == f"bad {which} signature"
    street.do(STRANGER, street.vault, call(good))


def signed(home: Home, action: Action, role: Role, *, by: Signer | None = None) -> home_calls.Pair:
    """The signatures of owner and guardian, the contract's in the contract's form."""
    pair = home.pair(action, OWNER_GUARDIAN)
    digest = action_digest(home.domain, action)
    if role == Role.OWNER:
        return replace(pair, first=expanded((by or home.owner).sign(digest)))
    return replace(pair, second=expanded((by or home.guardian).sign(digest)))


@pytest.mark.parametrize("role", [Role.OWNER, Role.GUARDIAN])
@pytest.mark.parametrize("answer", [bytes(32), MAGIC[:4] * 8])
def test_a_contract_that_says_anything_else_has_not_signed(
    street: Street, role: Role, answer: bytes
) -> None:
    home = with_contract(street, role, answer)
    action, call = decision(street, home, "start")
    which = "first" if role == Role.OWNER else "second"
    refusal = street.refused(STRANGER, street.vault, call(signed(home, action, role)))
    assert refusal == f"bad {which} signature"


def test_a_contract_signs_no_voucher(street: Street) -> None:
    """The deposit of whoever names one as voucher key waits for its owner's exit."""
    home, key = street.home("ada"), signer("ada voucher key")
    wallet = wallet_of(street, key)
    channel = channel_id(wallet, home.cfg)
    street.give(home.owner, 30 * BOLT)
    street.do(home.owner, street.vault, calls.deposit(wallet, home.cfg, amount=20 * BOLT))
    digest = voucher_digest(street.domain, home.cfg, spent=20 * BOLT, earned=0)
    item = calls.ClaimItem(home.cfg, 20 * BOLT, 0, key.sign(digest), 0)
    street.claim(item)
    posted = calls.post_vouchers([item])
    assert street.refused(STRANGER, street.vault, posted) == "nothing to post"
    assert street.ask(street.vault, calls.channel_word(channel)).spent == 0

    street.deposit(home, 10 * BOLT)
    street.claim(item)
    assert street.word(home).spent == 10 * BOLT
    assert street.ask(street.vault, calls.channel_word(channel)).spent == 0
