# pragma version 0.4.3
"""
@title The home's side of a vault: exit, close, rotate, set_cap
@license Apache-2.0
@notice See IVault.vyi. Whoever leaves is paid once, to whom was named when it began.
"""

from ethereum.ercs import IERC20

import IVault
import channels
import eip712
import retailer
import roles

uses: channels
uses: retailer

START_EXIT: constant(bytes32) = keccak256(
    "StartExit(bytes32 channel,address to,uint8 nonce,uint64 validUntil)"
)
CANCEL_EXIT: constant(bytes32) = keccak256(
    "CancelExit(bytes32 channel,uint8 nonce,uint64 validUntil)"
)
CLOSE: constant(bytes32) = keccak256(
    "Close(bytes32 channel,uint48 spent,uint48 earned,uint8 nonce,uint64 validUntil)"
)
ROTATE: constant(bytes32) = keccak256(
    "Rotate(bytes32 channel,address voucherKey,bytes32 cfg,uint48 spent,uint48 earned,uint8 nonce,uint64 validUntil)"
)
SET_CAP: constant(bytes32) = keccak256(
    "SetCap(bytes32 channel,uint16 dailyCap,uint8 nonce,uint64 validUntil)"
)
WINDOW_ALONE_S: constant(uint256) = 14 * channels.DAY_S
WINDOW_WITH_OWNER_S: constant(uint256) = 7 * channels.DAY_S
WINDOW_WITHOUT_OWNER_S: constant(uint256) = 21 * channels.DAY_S

# Only while an exit without the owner is under way.
exit_receiver: public(HashMap[bytes32, address])


@external
@nonreentrant
def start_exit(home: IVault.Home):
    channel: bytes32 = self._require_owner(home)
    c: channels.Channel = channels._live(channel)
    assert not channels._has_exit(c), "exit is under way"
    self._forget_receiver(channel, c)
    self._start_exit(channel, c, channels.OWNER_ALONE, WINDOW_ALONE_S, home.owner)


@external
@nonreentrant
def start_exit_by_two(home: IVault.Home, to: address, valid_until: uint64, by: IVault.Pair):
    channel: bytes32 = roles._channel(home)
    c: channels.Channel = channels._live(channel)
    roles._require_valid(valid_until)
    message: bytes32 = keccak256(abi_encode(START_EXIT, channel, to, c.op_nonce, valid_until))
    roles._require_two(home, message, by)
    c.op_nonce = channels._next_nonce(c)
    if by.roles & roles.OWNER != 0:
        assert to == home.owner, "not the owner"
        self._forget_receiver(channel, c)
        self._start_exit(channel, c, channels.WITH_OWNER, WINDOW_WITH_OWNER_S, to)
    else:
        assert to not in [empty(address), self, retailer.token], "bad receiver"
        self.exit_receiver[channel] = to
        self._start_exit(channel, c, channels.WITHOUT_OWNER, WINDOW_WITHOUT_OWNER_S, to)


@external
@nonreentrant
def cancel_exit(home: IVault.Home):
    channel: bytes32 = self._require_owner(home)
    c: channels.Channel = channels._live(channel)
    assert c.exit_hour != 0, "no exit"
    assert c.exit_kind == channels.OWNER_ALONE, "two keys started it"
    self._cancel_exit(channel, c)


@external
@nonreentrant
def cancel_exit_by_two(home: IVault.Home, valid_until: uint64, by: IVault.Pair):
    channel: bytes32 = roles._channel(home)
    c: channels.Channel = channels._live(channel)
    assert c.exit_hour != 0, "no exit"
    roles._require_valid(valid_until)
    message: bytes32 = keccak256(abi_encode(CANCEL_EXIT, channel, c.op_nonce, valid_until))
    roles._require_two(home, message, by)
    c.op_nonce = channels._next_nonce(c)
    self._cancel_exit(channel, c)


@external
@nonreentrant
def finish_exit(home: IVault.Home):
    channel: bytes32 = roles._channel(home)
    c: channels.Channel = channels._live(channel)
    assert c.exit_hour != 0, "no exit"
    assert block.timestamp >= c.exit_hour * channels.HOUR_S, "exit is not mature"
    assert channels._has_exit(c), "exit has lapsed"

    to: address = home.owner
    if c.exit_kind == channels.WITHOUT_OWNER:
        to = self.exit_receiver[channel]
    amount: uint256 = self._pay_out(channel, c)
    log IVault.ExitFinished(channel=channel, to=to, amount=amount)
    assert extcall IERC20(retailer.token).transfer(to, amount), "token refused"


@external
@nonreentrant
def close(home: IVault.Home, final: IVault.Final):
    channel: bytes32 = self._require_owner(home)
    c: channels.Channel = channels._live(channel)
    self._close(home.owner, channel, c, self._close_message(channel, c, final), final)


@external
@nonreentrant
def close_by_two(home: IVault.Home, final: IVault.Final, by: IVault.Pair):
    channel: bytes32 = roles._channel(home)
    c: channels.Channel = channels._live(channel)
    message: bytes32 = self._close_message(channel, c, final)
    roles._require_two(home, message, by)
    self._close(home.owner, channel, c, message, final)


@external
@nonreentrant
def rotate(
    home: IVault.Home, voucher_key: address, cfg: bytes32, final: IVault.Final, by: IVault.Pair
):
    channel: bytes32 = roles._channel(home)
    c: channels.Channel = channels._live(channel)
    assert voucher_key != empty(address), "zero voucher key"
    message: bytes32 = keccak256(
        abi_encode(
            ROTATE, channel, voucher_key, cfg, final.spent, final.earned, c.op_nonce,
            final.valid_until,
        )
    )
    roles._require_two(home, message, by)
    self._require_hub(message, final.valid_until, final.r, final.vs)

    successor: bytes32 = keccak256(abi_encode(voucher_key, cfg))
    c = self._posted(c, final)
    c.daily_cap = channels.RETIRED
    amount: uint256 = self._pay_out(channel, c)
    # A successor that is this channel is retired by now, and refused.
    channels._deposit(successor, convert(cfg, uint256) & channels.U16, amount)
    log IVault.Rotated(
        channel=channel, successor=successor, voucher_key=voucher_key, cfg=cfg,
        spent=c.spent, earned=c.earned, amount=amount,
    )


@external
@nonreentrant
def set_cap(
    home: IVault.Home, daily_cap: uint16, valid_until: uint64, r: bytes32, vs: bytes32,
    by: IVault.Pair
):
    channel: bytes32 = roles._channel(home)
    c: channels.Channel = channels._live(channel)
    cap: uint256 = convert(daily_cap, uint256)
    assert cap != channels.RETIRED, "cap means retired"
    message: bytes32 = keccak256(abi_encode(SET_CAP, channel, daily_cap, c.op_nonce, valid_until))
    roles._require_two(home, message, by)
    self._require_hub(message, valid_until, r, vs)

    # Days that were saved under the old cap are not paid under the new one.
    c.cap_day = max(c.cap_day, block.timestamp // channels.DAY_S - 1)
    c.daily_cap = cap
    c.op_nonce = channels._next_nonce(c)
    channels.words[channel] = channels._pack(c)
    log IVault.CapSet(channel=channel, daily_cap=cap)


def _start_exit(
    channel: bytes32, c: channels.Channel, kind: uint256, window_s: uint256, to: address
):
    c.exit_kind = kind
    c.exit_hour = channels._hour_after(window_s)
    channels.words[channel] = channels._pack(c)
    log IVault.ExitStarted(channel=channel, to=to, exit_hour=c.exit_hour)


def _cancel_exit(channel: bytes32, c: channels.Channel):
    self._forget_receiver(channel, c)
    c.exit_kind = 0
    c.exit_hour = 0
    channels.words[channel] = channels._pack(c)
    log IVault.ExitCancelled(channel=channel)


def _forget_receiver(channel: bytes32, c: channels.Channel):
    if c.exit_kind == channels.WITHOUT_OWNER:
        self.exit_receiver[channel] = empty(address)


def _pay_out(channel: bytes32, c: channels.Channel) -> uint256:
    """
    @return The headroom, which is withdrawn whole; an exit ends with it.
    """
    self._forget_receiver(channel, c)
    amount: uint256 = channels._headroom(c)
    c.withdrawn += amount
    c.exit_kind = 0
    c.exit_hour = 0
    channels.words[channel] = channels._pack(c)
    return amount


@pure
def _close_message(channel: bytes32, c: channels.Channel, final: IVault.Final) -> bytes32:
    return keccak256(
        abi_encode(CLOSE, channel, final.spent, final.earned, c.op_nonce, final.valid_until)
    )


def _close(
    owner: address, channel: bytes32, c: channels.Channel, message: bytes32, final: IVault.Final
):
    self._require_hub(message, final.valid_until, final.r, final.vs)
    posted: channels.Channel = self._posted(c, final)
    amount: uint256 = self._pay_out(channel, posted)
    log IVault.Closed(
        channel=channel, to=owner, spent=posted.spent, earned=posted.earned, amount=amount
    )
    assert extcall IERC20(retailer.token).transfer(owner, amount), "token refused"


def _posted(c: channels.Channel, final: IVault.Final) -> channels.Channel:
    """
    @return The channel with the final pair, merged as ever by the larger of each, and its next nonce.
    """
    posted: channels.Channel = c
    posted.spent = max(c.spent, convert(final.spent, uint256))
    posted.earned = max(c.earned, convert(final.earned, uint256))
    posted.op_nonce = channels._next_nonce(c)
    debit: uint256 = posted.spent + posted.withdrawn
    assert debit <= posted.deposited + posted.earned, "over headroom"
    if posted.spent != c.spent or posted.earned != c.earned:
        retailer._move(posted.spent - c.spent, posted.earned - c.earned)
    return posted


@view
def _require_owner(home: IVault.Home) -> bytes32:
    """
    @return The channel that the sender owns, whatever the chain id is by now.
    """
    assert msg.sender == home.owner, "not the owner"
    return roles._channel(home)


@view
def _require_hub(message: bytes32, valid_until: uint64, r: bytes32, vs: bytes32):
    roles._require_valid(valid_until)
    assert eip712._signer(roles.NAME, message, r, vs) == retailer.hub, "not the hub's signature"
