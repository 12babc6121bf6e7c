"""Where an owner or guardian sits: reads the channel from a node, writes orders, sends them."""

import json
from dataclasses import dataclass
from typing import TypeVar

from gridplus.chain import Account, Call, Chain, Receipt
from gridplus.chain.client import JsonRpcClient
from gridplus.channel import ChannelView
from gridplus.contracts import View, calls, home_calls
from gridplus.contracts.word import DAY_S
from gridplus.failures import InputError, RemoteError
from gridplus.keystore import Secp256k1Key
from gridplus.owner.order import Order, OrderRefused, typed_data
from gridplus.tariff import ChannelIdentity
from gridplus.wallet import (
    ZERO_ADDRESS,
    Address,
    Authorization,
    bolt_domain,
    deposit_nonce,
    receive_authorization_digest,
    recover,
)

T = TypeVar("T")

ORDER_LIFE_S = 6 * DAY_S
"""How long an order stays good; the vault allows 7 days."""
DEPOSIT_LIFE_S = 30 * DAY_S
"""How long an authorised deposit stays good. It leaves this program only inside its transaction;
a quiet chain may show an old time."""
_MOST_DEPOSITS = 10_000
_WALLET_PATIENCE_S = 300
_WALLET_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel as the newest block has it: when that was, the hub, and to whom an exit goes that
    started without the owner (zero: there is none)."""

    view: ChannelView
    now_s: int
    hub: Address
    receiver: Address


class Desk:
    """One home's papers at one node. Raises RemoteError when the node fails, and InputError when
    it is of another chain or holds no vault at the address."""

    def __init__(self, chain: Chain, identity: ChannelIdentity) -> None:
        self.chain = chain
        self.identity = identity
        if chain.chain_id != identity.chain_id:
            raise InputError(
                f"the node is of chain {chain.chain_id}; the home is on {identity.chain_id}"
            )
        if not chain.code(identity.vault):
            raise InputError(f"there is no vault at 0x{identity.vault.hex()} on this chain")

    def standing(self) -> Standing:
        """What the chain says now."""
        head = self.chain.head()
        word = self._ask(calls.channel_word(self.identity.channel))
        return Standing(
            ChannelView(word, head.timestamp_s // DAY_S),
            head.timestamp_s,
            Address(self._ask(calls.hub())),
            Address(self._ask(home_calls.exit_receiver(self.identity.channel))),
        )

    def terms(self) -> tuple[int, int]:
        """(nonce, valid until): what an order written now must carry."""
        now = self.standing()
        return now.view.word.op_nonce, now.now_s + ORDER_LIFE_S

    def refusal(self, order: Order) -> OrderRefused | None:
        """Why the vault would not take the order now."""
        now = self.standing()
        return order.refusal(nonce=now.view.word.op_nonce, hub=now.hub, now_s=now.now_s)

    def send(self, order: Order, account: Account) -> Receipt:
        """Post an order; the fee is `account`'s. Raises InputError with the refusal's sentence,
        and Reverted with the vault's reason."""
        refused = self.refusal(order)
        if refused is not None:
            raise InputError(refused.value)
        return self._transact(order.calldata(), account)

    def exit_alone(self, owner: Account) -> Receipt:
        """The owner's slow exit: 14 days, and nobody else's word."""
        return self._transact(home_calls.start_exit(self._home()), owner)

    def cancel_alone(self, owner: Account) -> Receipt:
        """The owner takes back what he started alone."""
        return self._transact(home_calls.cancel_exit(self._home()), owner)

    def finish_exit(self, account: Account) -> Receipt:
        """Have a mature exit paid, by anybody's transaction."""
        return self._transact(home_calls.finish_exit(self._home()), account)

    def deposit(self, payer: Secp256k1Key, amount_ubolt: int, *, account: Account) -> Receipt:
        """Pay into the channel by an authorisation of `payer`; `account` pays the fee."""
        who = self.identity
        token = Address(self._ask(calls.token()))
        number = self._next_number(token, payer.address)
        until_s = self.chain.head().timestamp_s + DEPOSIT_LIFE_S
        authorization = Authorization(
            payer.address, who.vault, amount_ubolt, 0, until_s, deposit_nonce(who.channel, number)
        )
        digest = receive_authorization_digest(bolt_domain(who.chain_id, token), authorization)
        ordered = calls.AuthorizedDeposit(
            voucher_key=who.voucher_key,
            cfg=who.cfg,
            amount_ubolt=amount_ubolt,
            payer=payer.address,
            number=number,
            valid_after_s=0,
            valid_before_s=until_s,
            signature=payer.sign(digest),
        )
        return self._transact(calls.deposit_with_authorization(ordered), account)

    def _next_number(self, token: Address, payer: Address) -> int:
        """The first deposit of `payer` to this channel that was not authorised yet."""
        for number in range(_MOST_DEPOSITS):
            asked = calls.authorization_state(payer, deposit_nonce(self.identity.channel, number))
            if not asked.decode(self.chain.call(token, asked.calldata)):
                return number
        raise InputError(f"{_MOST_DEPOSITS} deposits were authorised; use another paying account")

    def _transact(self, data: bytes, account: Account) -> Receipt:
        return account.transact(Call(self.identity.vault, data))

    def _home(self) -> home_calls.Home:
        who = self.identity
        return home_calls.Home(who.voucher_key, who.cfg, who.descriptor.encoded)

    def _ask(self, view: View[T]) -> T:
        return view.decode(self.chain.call(self.identity.vault, view.calldata, sender=ZERO_ADDRESS))


def ask_wallet(url: str, order: Order, *, address: Address) -> bytes:
    """Have a wallet that speaks JSON-RPC show and sign the order: 64 bytes.

    Raises RemoteError when it does not answer, or signs with another key or another text.
    """
    wallet = JsonRpcClient(url, timeout_s=_WALLET_PATIENCE_S, max_answer_bytes=_WALLET_BYTES)
    try:
        shown = json.dumps(typed_data(order))
        answer = wallet.ask("eth_signTypedData_v4", [f"0x{address.hex()}", shown])
    finally:
        wallet.close()
    signature = _compact(answer)
    if recover(order.digest, signature) != address:
        raise RemoteError(f"the wallet at {url} did not sign this order as 0x{address.hex()}")
    return signature


def _compact(answer: object) -> bytes:
    """r || s || v of a wallet -> 64 bytes of EIP-2098."""
    try:
        octets = bytes.fromhex(str(answer).removeprefix("0x"))
    except ValueError:
        octets = b""
    if len(octets) != 65 or octets[64] not in (0, 1, 27, 28) or octets[32] & 0x80:
        raise RemoteError("the wallet's answer is no signature of 65 bytes")
    parity = octets[64] % 27
    return octets[:32] + bytes([octets[32] | parity << 7]) + octets[33:64]
