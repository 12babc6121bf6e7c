# pragma version 0.4.3
"""
@title Who may do what to a vault, and when
@license Apache-2.0
@dev On the code that is deployed, over storage that holds anything. This contract is the vault's token.
"""

import IVault
import channels
import cheats
import retailer
import roles
import vault

VAULT: constant(address) = 0x1111111111111111111111111111111111111111
TREASURER: constant(address) = 0x2222222222222222222222222222222222222222
paid: uint256  # by the vault, in the call that a proof is about


@external
def setUp():
    cheats._stands_at(VAULT, "vault.sol:vault")


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self.paid += amount
    return True


@external
def check_an_exit_is_finished_neither_early_nor_late(home: IVault.Home, now_s: uint64):
    cheats._is_now(now_s)
    word: uint256 = staticcall vault.__interface__(VAULT).channel_word(roles._channel(home))
    hour: uint256 = (word >> 8) & channels.U22
    extcall vault.__interface__(VAULT).finish_exit(home)
    cheats._holds(hour != 0 and hour * 3_600 <= convert(now_s, uint256))
    cheats._holds(convert(now_s, uint256) // 3_600 < hour + 48)


@external
def check_an_exit_pays_the_headroom_once(home: IVault.Home, now_s: uint64):
    cheats._is_now(now_s)
    headroom: uint256 = staticcall vault.__interface__(VAULT).headroom(roles._channel(home))
    self.paid = 0
    extcall vault.__interface__(VAULT).finish_exit(home)
    cheats._holds(self.paid == headroom)
    cheats._holds(staticcall vault.__interface__(VAULT).headroom(roles._channel(home)) == 0)


@external
def check_nobody_but_the_owner_acts_alone(sender: address, home: IVault.Home, now_s: uint64, step: uint8):
    cheats._is_now(now_s)
    cheats._next_call_by(sender)
    if step == 0:
        extcall vault.__interface__(VAULT).start_exit(home)
    else:
        extcall vault.__interface__(VAULT).cancel_exit(home)
    cheats._holds(sender == home.owner)


@external
def check_nobody_but_the_hub_claims(sender: address, fund: uint256, seq: uint256, now_s: uint64):
    cheats._is_now(now_s)
    hub: address = staticcall vault.__interface__(VAULT).hub()
    cheats._next_call_by(sender)
    extcall vault.__interface__(VAULT).claim([], fund, seq)
    cheats._holds(sender == hub)


@external
def check_nobody_but_the_treasurer_withdraws_as_announced(sender: address, now_s: uint64):
    cheats._is_now(now_s)
    pool: uint256 = staticcall vault.__interface__(VAULT).pool()
    request: retailer.Withdrawal = staticcall vault.__interface__(VAULT).withdrawal()
    self.paid = 0
    cheats._next_call_by(sender)
    extcall vault.__interface__(VAULT).finish_withdrawal()
    cheats._holds(sender == TREASURER and self.paid == request.amount)
    cheats._holds(staticcall vault.__interface__(VAULT).pool() == pool - request.amount)
    now: uint256 = convert(now_s, uint256)
    cheats._holds(request.matures_at <= now and now < request.matures_at + 86_400)
