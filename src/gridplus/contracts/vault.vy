# pragma version 0.4.3
"""
@title Vault
@license Apache-2.0
@notice See IVault.vyi for what each function promises and what stays on trust.
"""

from ethereum.ercs import IERC20

import IDollar
import IVault
import channels
import eip712
import homes
import p256
import retailer

implements: IVault

NAME: constant(bytes32) = keccak256("Grid+ Vault")
VOUCHER: constant(bytes32) = keccak256("Voucher(bytes32 cfg,uint48 spent,uint48 earned)")
CREDIT: constant(bytes32) = keccak256("Credit(bytes32 channel,uint48 earned,bytes32 billHead)")
MAX_ITEMS: constant(uint256) = 200

initializes: channels
initializes: retailer
initializes: homes[channels := channels, retailer := retailer]

exports: (
    retailer.token, retailer.hub, retailer.treasurer, retailer.withdrawal, retailer.replacement,
    retailer.request_withdrawal, retailer.cancel_withdrawal, retailer.finish_withdrawal,
    retailer.request_hub, retailer.cancel_hub, retailer.finish_hub,
    retailer.pool, retailer.next_seq, retailer.credit_allowance,
    homes.start_exit, homes.start_exit_by_two, homes.cancel_exit, homes.cancel_exit_by_two,
    homes.finish_exit, homes.exit_receiver, homes.close, homes.close_by_two, homes.rotate,
    homes.set_cap,
)


@deploy
def __init__(token_: address, hub_: address, treasurer_: address):
    p256._require_precompile()
    retailer.__init__(token_, hub_, treasurer_)


@external
@nonreentrant
def deposit(voucher_key: address, cfg: bytes32, amount: uint256):
    self._deposit(voucher_key, cfg, amount, msg.sender)
    assert extcall IERC20(retailer.token).transferFrom(msg.sender, self, amount), "token refused"


@external
@nonreentrant
def deposit_with_authorization(
    voucher_key: address, cfg: bytes32, amount: uint256, payer: address, number: uint256,
    valid_after: uint256, valid_before: uint256, r: bytes32, vs: bytes32
):
    channel: bytes32 = self._deposit(voucher_key, cfg, amount, payer)
    page: uint256 = convert(keccak256(abi_encode(channel, number >> 8)), uint256)
    nonce: bytes32 = convert(page & ~channels.U8 | number & channels.U8, bytes32)
    parity_and_s: uint256 = convert(vs, uint256)
    extcall IDollar(retailer.token).receiveWithAuthorization(
        payer, self, amount, valid_after, valid_before, nonce,
        convert(27 + (parity_and_s >> 255), uint8),
        r, convert(parity_and_s & eip712.S_BITS, bytes32),
    )


@external
@nonreentrant
def fund_pool(amount: uint256):
    assert amount != 0, "zero amount"
    retailer._move(amount, 0)
    log IVault.PoolFunded(payer=msg.sender, amount=amount)
    assert extcall IERC20(retailer.token).transferFrom(msg.sender, self, amount), "token refused"


@external
@nonreentrant
def claim(items: DynArray[IVault.Item, MAX_ITEMS], fund: uint256, seq: uint256):
    hub: address = retailer.hub
    assert msg.sender == hub, "not the hub"
    pool: uint256 = 0
    credited: uint256 = 0
    next: uint256 = 0
    pool, credited, next = retailer._unpack()
    assert seq == next, "not the next seq"
    assert block.timestamp < channels.LAST_S, "end of calendar"

    # The recovery is written out here, and not called, for gas: bench/gas.py has the table.
    domain: bytes32 = eip712._separator(NAME)
    left: uint256 = fund
    after: uint256 = 0
    taken: uint256 = 0
    raised: uint256 = 0
    for item: IVault.Item in items:
        top_up: uint256 = item.counters >> 96
        spent: uint256 = (item.counters >> 48) & channels.U48
        earned: uint256 = item.counters & channels.U48
        s: uint256 = convert(item.vs, uint256) & eip712.S_BITS
        voucher_key: address = ecrecover(
            keccak256(
                concat(0x1901, domain, keccak256(abi_encode(VOUCHER, item.cfg, spent, earned)))
            ),
            unsafe_add(27, convert(item.vs, uint256) >> 255),
            convert(item.r, uint256),
            s,
        )
        # A bad signature names a stranger, or the zero address, for which no channel is open.
        channel: bytes32 = keccak256(abi_encode(voucher_key, item.cfg))
        word: uint256 = channels.words[channel]
        if word == 0 or s > convert(eip712.HALF_ORDER, uint256) or top_up > left:
            continue
        after, taken, raised = channels._claimed(word, top_up, spent, earned, False)
        if after == word:
            continue
        if raised > taken:
            credit: uint256 = unsafe_sub(raised, taken)
            if credit > retailer._credit_allowance(pool, credited):
                continue
            credited = unsafe_add(credited, credit)
        channels.words[channel] = after
        pool = unsafe_sub(unsafe_add(pool, taken), raised)
        left = unsafe_sub(left, top_up)

    pulled: uint256 = fund - left
    retailer._pack(pool, credited, seq + 1)
    log IVault.Claimed(seq=seq, pulled=pulled, pool=pool)
    if pulled != 0:
        assert extcall IERC20(retailer.token).transferFrom(hub, self, pulled), "token refused"


@external
@nonreentrant
def post_vouchers(items: DynArray[IVault.Item, MAX_ITEMS]):
    assert block.timestamp < channels.LAST_S, "end of calendar"
    posted: uint256 = 0
    for item: IVault.Item in items:
        spent: uint256 = (item.counters >> 48) & channels.U48
        earned: uint256 = item.counters & channels.U48
        message: bytes32 = keccak256(abi_encode(VOUCHER, item.cfg, spent, earned))
        voucher_key: address = eip712._signer(NAME, message, item.r, item.vs)
        channel: bytes32 = keccak256(abi_encode(voucher_key, item.cfg))
        word: uint256 = channels.words[channel]
        if word == 0 or item.counters >> 96 != 0:
            continue
        after: uint256 = 0
        taken: uint256 = 0
        raised: uint256 = 0
        after, taken, raised = channels._claimed(word, 0, spent, earned, True)
        if raised == 0 and taken != 0:
            channels.words[channel] = after
            posted += taken

    assert posted != 0, "nothing to post"
    retailer._move(posted, 0)
    log IVault.VouchersPosted(poster=msg.sender, amount=posted)


@external
@nonreentrant
def post_credit(channel: bytes32, earned: uint256, bill_head: bytes32, r: bytes32, vs: bytes32):
    c: channels.Channel = channels._live(channel)
    message: bytes32 = keccak256(abi_encode(CREDIT, channel, earned, bill_head))
    signer: address = eip712._signer(NAME, message, r, vs)
    assert signer == retailer.hub, "not the hub's credit"
    assert earned > c.earned, "nothing to post"
    raised: uint256 = min(earned - c.earned, retailer._credit_left())
    assert raised != 0, "no credit left today"

    c.earned += raised
    channels.words[channel] = channels._pack(c)
    retailer._move(0, raised)
    log IVault.CreditPosted(channel=channel, earned=c.earned, bill_head=bill_head)


@view
@external
def channel_word(channel: bytes32) -> uint256:
    return channels.words[channel]


@view
@external
def headroom(channel: bytes32) -> uint256:
    return channels._headroom(channels._unpack(channels.words[channel]))


@view
@external
def cap_allowance(channel: bytes32) -> uint256:
    return channels._cap_allowance(channels._unpack(channels.words[channel]))


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712._separator(NAME)


def _deposit(voucher_key: address, cfg: bytes32, amount: uint256, payer: address) -> bytes32:
    assert amount != 0, "zero amount"
    assert voucher_key != empty(address), "zero voucher key"
    channel: bytes32 = keccak256(abi_encode(voucher_key, cfg))
    channels._deposit(channel, convert(cfg, uint256) & channels.U16, amount)
    log IVault.Deposited(
        channel=channel, payer=payer, voucher_key=voucher_key, cfg=cfg, amount=amount
    )
    return channel
