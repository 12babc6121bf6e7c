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
import p256

implements: IVault

NAME: constant(bytes32) = keccak256("Grid+ Vault")
VOUCHER: constant(bytes32) = keccak256("Voucher(bytes32 cfg,uint48 spent,uint48 earned)")
CREDIT: constant(bytes32) = keccak256("Credit(bytes32 channel,uint48 earned,bytes32 billHead)")
MAX_ITEMS: constant(uint256) = 200
EXIT_WINDOW_S: constant(uint256) = 14 * channels.DAY_S
WITHDRAWAL_DELAY_S: constant(uint256) = 15 * channels.DAY_S
WITHDRAWAL_LAPSE_S: constant(uint256) = channels.DAY_S
U64: constant(uint256) = 2**64 - 1
U128: constant(uint256) = 2**128 - 1

token: public(immutable(address))
hub: public(immutable(address))
treasurer: public(immutable(address))


struct Withdrawal:
    amount: uint256
    matures_at: uint256


_words: HashMap[bytes32, uint256]
_pool_word: uint256  # pool << 64 | next_seq
withdrawal: public(Withdrawal)


@deploy
def __init__(token_: address, hub_: address, treasurer_: address):
    assert token_.is_contract, "token is no contract"
    assert hub_ != empty(address), "zero hub"
    assert treasurer_ not in [empty(address), hub_], "bad treasurer"
    p256._require_precompile()
    token = token_
    hub = hub_
    treasurer = treasurer_


@external
@nonreentrant
def deposit(voucher_key: address, cfg: bytes32, amount: uint256):
    self._deposit(voucher_key, cfg, amount, msg.sender)
    assert extcall IERC20(token).transferFrom(msg.sender, self, amount), "token refused"


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
    extcall IDollar(token).receiveWithAuthorization(
        payer, self, amount, valid_after, valid_before, nonce,
        convert(27 + (parity_and_s >> 255), uint8),
        r, convert(parity_and_s & eip712.S_BITS, bytes32),
    )


@external
@nonreentrant
def fund_pool(amount: uint256):
    assert amount != 0, "zero amount"
    pool: uint256 = 0
    seq: uint256 = 0
    pool, seq = self._unpack_pool()
    self._pack_pool(pool + amount, seq)
    log IVault.PoolFunded(payer=msg.sender, amount=amount)
    assert extcall IERC20(token).transferFrom(msg.sender, self, amount), "token refused"


@external
@nonreentrant
def claim(items: DynArray[IVault.Item, MAX_ITEMS], fund: uint256, seq: uint256):
    assert msg.sender == hub, "not the hub"
    pool: uint256 = 0
    next: uint256 = 0
    pool, next = self._unpack_pool()
    assert seq == next, "not the next seq"
    assert block.timestamp < channels.LAST_S, "end of calendar"

    # The recovery is written out here, and not called, for gas: bench/gas.py has the table.
    prefix: Bytes[34] = eip712._prefix(NAME)
    left: uint256 = fund
    for item: IVault.Item in items:
        top_up: uint256 = item.counters >> 96
        spent: uint256 = (item.counters >> 48) & channels.U48
        earned: uint256 = item.counters & channels.U48
        s: uint256 = convert(item.vs, uint256) & eip712.S_BITS
        voucher_key: address = ecrecover(
            keccak256(concat(prefix, keccak256(abi_encode(VOUCHER, item.cfg, spent, earned)))),
            unsafe_add(27, convert(item.vs, uint256) >> 255),
            convert(item.r, uint256),
            s,
        )
        # A bad signature names a stranger, or the zero address, for which no channel is open.
        channel: bytes32 = keccak256(abi_encode(voucher_key, item.cfg))
        word: uint256 = self._words[channel]
        if word == 0 or s > convert(eip712.HALF_ORDER, uint256) or top_up > left:
            continue
        after: uint256 = 0
        taken: uint256 = 0
        raised: uint256 = 0
        after, taken, raised = channels._claimed(word, top_up, spent, earned, False)
        if after == word or raised > unsafe_add(pool, taken):
            continue
        self._words[channel] = after
        pool = unsafe_sub(unsafe_add(pool, taken), raised)
        left = unsafe_sub(left, top_up)

    pulled: uint256 = fund - left
    self._pack_pool(pool, seq + 1)
    log IVault.Claimed(seq=seq, pulled=pulled, pool=pool)
    if pulled != 0:
        assert extcall IERC20(token).transferFrom(hub, self, pulled), "token refused"


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
        word: uint256 = self._words[channel]
        if word == 0 or item.counters >> 96 != 0:
            continue
        after: uint256 = 0
        taken: uint256 = 0
        raised: uint256 = 0
        after, taken, raised = channels._claimed(word, 0, spent, earned, True)
        if raised == 0 and taken != 0:
            self._words[channel] = after
            posted += taken

    assert posted != 0, "nothing to post"
    pool: uint256 = 0
    seq: uint256 = 0
    pool, seq = self._unpack_pool()
    self._pack_pool(pool + posted, seq)
    log IVault.VouchersPosted(poster=msg.sender, amount=posted)


@external
@nonreentrant
def post_credit(channel: bytes32, earned: uint256, bill_head: bytes32, r: bytes32, vs: bytes32):
    c: channels.Channel = self._known(channel)
    message: bytes32 = keccak256(abi_encode(CREDIT, channel, earned, bill_head))
    signer: address = eip712._signer(NAME, message, r, vs)
    assert signer == hub, "not the hub's credit"
    assert earned > c.earned, "nothing to post"
    pool: uint256 = 0
    seq: uint256 = 0
    pool, seq = self._unpack_pool()
    raised: uint256 = min(earned - c.earned, pool)
    assert raised != 0, "pool is empty"

    c.earned += raised
    self._words[channel] = channels._pack(c)
    self._pack_pool(pool - raised, seq)
    log IVault.CreditPosted(channel=channel, earned=c.earned, bill_head=bill_head)


@external
@nonreentrant
def start_exit(voucher_key: address, cfg: bytes32, descriptor: IVault.Descriptor):
    channel: bytes32 = self._require_owner(voucher_key, cfg, descriptor)
    c: channels.Channel = self._known(channel)
    lapsed_at: uint256 = (c.exit_hour + channels.EXIT_LAPSE_HOURS) * channels.HOUR_S
    assert block.timestamp >= lapsed_at, "exit is under way"

    c.exit_hour = (block.timestamp + EXIT_WINDOW_S + channels.HOUR_S - 1) // channels.HOUR_S
    self._words[channel] = channels._pack(c)
    log IVault.ExitStarted(channel=channel, owner=msg.sender, exit_hour=c.exit_hour)


@external
@nonreentrant
def cancel_exit(voucher_key: address, cfg: bytes32, descriptor: IVault.Descriptor):
    channel: bytes32 = self._require_owner(voucher_key, cfg, descriptor)
    c: channels.Channel = self._known(channel)
    assert c.exit_hour != 0, "no exit"

    c.exit_hour = 0
    self._words[channel] = channels._pack(c)
    log IVault.ExitCancelled(channel=channel)


@external
@nonreentrant
def finish_exit(voucher_key: address, cfg: bytes32, descriptor: IVault.Descriptor):
    channel: bytes32 = self._require_owner(voucher_key, cfg, descriptor)
    c: channels.Channel = self._known(channel)
    assert c.exit_hour != 0, "no exit"
    assert block.timestamp >= c.exit_hour * channels.HOUR_S, "exit is not mature"
    assert channels._is_armed(c), "exit has lapsed"

    amount: uint256 = channels._headroom(c)
    c.withdrawn += amount
    c.exit_hour = 0
    self._words[channel] = channels._pack(c)
    log IVault.ExitFinished(channel=channel, owner=msg.sender, amount=amount)
    assert extcall IERC20(token).transfer(msg.sender, amount), "token refused"


@external
@nonreentrant
def request_withdrawal(amount: uint256):
    self._require_treasurer()
    lapsed_at: uint256 = self.withdrawal.matures_at + WITHDRAWAL_LAPSE_S
    assert self.withdrawal.amount == 0 or block.timestamp >= lapsed_at, "one request at a time"
    assert amount != 0, "zero amount"
    assert amount <= self._pool_word >> 64, "over pool"

    matures_at: uint256 = block.timestamp + WITHDRAWAL_DELAY_S
    self.withdrawal = Withdrawal(amount=amount, matures_at=matures_at)
    log IVault.WithdrawalRequested(amount=amount, matures_at=matures_at)


@external
@nonreentrant
def cancel_withdrawal():
    self._require_treasurer()
    assert self.withdrawal.amount != 0, "no request"
    self.withdrawal = empty(Withdrawal)
    log IVault.WithdrawalCancelled()


@external
@nonreentrant
def finish_withdrawal():
    self._require_treasurer()
    request: Withdrawal = self.withdrawal
    assert request.amount != 0, "no request"
    assert block.timestamp >= request.matures_at, "request is not mature"
    assert block.timestamp < request.matures_at + WITHDRAWAL_LAPSE_S, "request has lapsed"
    pool: uint256 = 0
    seq: uint256 = 0
    pool, seq = self._unpack_pool()
    assert request.amount <= pool, "over pool"

    self.withdrawal = empty(Withdrawal)
    self._pack_pool(pool - request.amount, seq)
    log IVault.WithdrawalFinished(amount=request.amount)
    assert extcall IERC20(token).transfer(treasurer, request.amount), "token refused"


@view
@external
def channel_word(channel: bytes32) -> uint256:
    return self._words[channel]


@view
@external
def headroom(channel: bytes32) -> uint256:
    return channels._headroom(channels._unpack(self._words[channel]))


@view
@external
def cap_allowance(channel: bytes32) -> uint256:
    return channels._cap_allowance(channels._unpack(self._words[channel]))


@view
@external
def pool() -> uint256:
    return self._pool_word >> 64


@view
@external
def next_seq() -> uint256:
    return self._pool_word & U64


@view
@external
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712._separator(NAME)


def _deposit(voucher_key: address, cfg: bytes32, amount: uint256, payer: address) -> bytes32:
    assert amount != 0, "zero amount"
    assert voucher_key != empty(address), "zero voucher key"
    channel: bytes32 = keccak256(abi_encode(voucher_key, cfg))
    word: uint256 = self._words[channel]
    c: channels.Channel = channels._unpack(word)
    if word == 0:
        c = channels._opened(convert(cfg, uint256) & channels.U16)
    c.deposited += amount
    self._words[channel] = channels._pack(c)
    log IVault.Deposited(
        channel=channel, payer=payer, voucher_key=voucher_key, cfg=cfg, amount=amount
    )
    return channel


@view
def _known(channel: bytes32) -> channels.Channel:
    word: uint256 = self._words[channel]
    assert word != 0, "unknown channel"
    return channels._unpack(word)


@view
def _require_owner(voucher_key: address, cfg: bytes32, descriptor: IVault.Descriptor) -> bytes32:
    """
    @return The channel that the sender owns.
    """
    assert msg.sender == descriptor.owner, "not the owner"
    assert descriptor.guardian not in [empty(address), descriptor.owner], "bad guardian"
    assert descriptor.device_x != 0 and descriptor.device_y != 0, "bad device"
    named: uint256 = convert(keccak256(abi_encode(descriptor)), uint256)
    assert named >> 16 == convert(cfg, uint256) >> 16, "not the descriptor"
    return keccak256(abi_encode(voucher_key, cfg))


@view
def _require_treasurer():
    assert msg.sender == treasurer, "not the treasurer"


@view
def _unpack_pool() -> (uint256, uint256):
    word: uint256 = self._pool_word
    return word >> 64, word & U64


def _pack_pool(pool: uint256, seq: uint256):
    assert pool <= U128 and seq <= U64, "pool overflow"
    self._pool_word = pool << 64 | seq
