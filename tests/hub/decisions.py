"""What homes and the treasurer of a town decide on chain: cancel, cap, close, rotate, a new hub."""

from dataclasses import dataclass

from gridplus.chain import Account, Call
from gridplus.clock import set_clock
from gridplus.contracts import calls, home_calls
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Action, Close, Role, Rotate, SetCap, action_digest, credit_digest
from tests.hub.town import House, Town

DAY_S = 86_400
ETHER_WEI = 10**18


@dataclass
class Decisions:
    """Made by whoever may, and mined."""

    town: Town

    def cancel_exit(self, house: House) -> None:
        self.send(house.owner, home_calls.cancel_exit(named(house)))

    def set_cap(self, house: House, cap_bolt: int) -> None:
        until_s = self.until_s
        action = SetCap(house.channel, cap_bolt, self.town.word(house).op_nonce, until_s)
        pair, signature = self.approved(house, action)
        data = home_calls.set_cap(
            named(house), cap_bolt, valid_until_s=until_s, signature=signature, by=pair
        )
        self.send(self.town.keys["relayer"], data)

    def close(self, house: House, spent: int, *, earned: int = 0) -> None:
        until_s = self.until_s
        action = Close(house.channel, spent, earned, self.town.word(house).op_nonce, until_s)
        _, signature = self.approved(house, action)
        final = home_calls.Final(spent, earned, until_s, signature)
        self.send(house.owner, home_calls.close(named(house), final))

    def rotate(self, house: House, to: House, spent: int, *, earned: int = 0) -> None:
        until_s, key, cfg = self.until_s, to.identity.voucher_key, to.identity.cfg
        nonce = self.town.word(house).op_nonce
        action = Rotate(house.channel, key, cfg, spent, earned, nonce, until_s)
        pair, signature = self.approved(house, action)
        final = home_calls.Final(spent, earned, until_s, signature)
        data = home_calls.rotate(named(house), key, cfg=cfg, final=final, by=pair)
        self.send(self.town.keys["relayer"], data)

    def credit(self, house: House, earned: int) -> None:
        """The hub signs a credit, and somebody posts it."""
        domain, channel, head = house.identity.domain, house.channel, bytes(32)
        digest = credit_digest(domain, channel, earned=earned, bill_head=head)
        signature = self.town.hub_key.sign(digest)
        data = calls.post_credit(channel, earned=earned, bill_head=head, signature=signature)
        self.send(self.town.keys["relayer"], data)

    def replace_hub(self, by: Secp256k1Key) -> None:
        """The treasurer waits 15 days for it; the chain's clock moves on with him."""
        treasurer = self.town.keys["treasurer"]
        self.send(treasurer, calls.request_hub(by.address))
        now_s = self.town.chain.head().timestamp_s
        set_clock(self.town.folder / "clock", now_s + 15 * DAY_S + 60)
        self.send(treasurer, calls.finish_hub())

    @property
    def until_s(self) -> int:
        return self.town.chain.head().timestamp_s + DAY_S

    def approved(self, house: House, action: Action) -> tuple[home_calls.Pair, bytes]:
        """Owner and device sign, and so does the hub."""
        digest = action_digest(house.identity.domain, action)
        pair = home_calls.Pair(
            int(Role.OWNER | Role.DEVICE), house.owner.sign(digest), house.device.sign(digest)
        )
        return pair, self.town.hub_key.sign(digest)

    def send(self, by: Secp256k1Key, data: bytes) -> None:
        chain = self.town.chain
        if chain.balance(by.address) < ETHER_WEI:
            relayer = Account(self.town.keys["relayer"], chain)
            relayer.transact(Call(by.address, value_wei=2 * ETHER_WEI))
        Account(by, chain).transact(Call(self.town.deployment.vault, data))


def named(house: House) -> home_calls.Home:
    identity = house.identity
    return home_calls.Home(identity.voucher_key, identity.cfg, identity.descriptor.encoded)
