"""How a retailer begins: keys for each role, contracts on a chain, a funded pool, homes with money.

Keys are derived from the run's seed, so that a run can be repeated; nobody else may do that.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gridplus.chain import Account, Call, Chain, Receipt
from gridplus.chain.deployment import Deployment
from gridplus.contracts import calls, registry
from gridplus.demo.options import StreetTerms
from gridplus.failures import invariant
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.tariff import ChannelIdentity
from gridplus.units import U48_MAX
from gridplus.wallet import (
    Address,
    Authorization,
    bolt_domain,
    deposit_nonce,
    receive_authorization_digest,
    reserve_attestation_digest,
)

ROLES = (
    "deployer", "issuer", "attestor", "minter", "hub", "treasurer", "publisher", "relayer", "maker",
    "enroller",
)  # fmt: skip
SENDERS = ("deployer", "minter", "hub", "publisher", "relayer", "maker", "enroller")
ETHER_WEI = 10**18
CHAIN_ID = int.from_bytes(b"grid", "big")


def seed_of(seed: int, who: str) -> bytes:
    """32 bytes from which `who`'s keys of this run are derived."""
    return hashlib.sha256(f"gridplus demo {seed} {who}".encode()).digest()


def make_role_keys(keys: Path, seed: int) -> dict[str, Secp256k1Key]:
    """One key store per role: no process holds more keys than its role needs."""
    return {
        role: KeyStore(keys / role).create(role, Secp256k1Key, seed=seed_of(seed, role))
        for role in ROLES
    }


@dataclass(frozen=True, slots=True)
class DepositOrder:
    """A home's owner pays into the home's channel; `number` counts the channel's deposits."""

    identity: ChannelIdentity
    owner: Secp256k1Key
    number: int
    amount_ubolt: int


class Founder:
    """Holds every role's key for the time of founding. `gas` collects what was used, by kind."""

    def __init__(self, chain: Chain, keys: dict[str, Secp256k1Key], *, terms: StreetTerms) -> None:
        self._chain = chain
        self._keys = keys
        self._terms = terms
        self._accounts = {role: Account(keys[role], chain) for role in SENDERS}
        self.gas: list[tuple[str, int]] = []

    def deploy(self) -> Deployment:
        """Token, vault and anchor."""
        deployer, address = self._accounts["deployer"], self._addresses()
        bolt = deployer.deploy(
            calls.bolt_init_code(
                address["issuer"],
                address["attestor"],
                minter=address["minter"],
                minter_allowance=U48_MAX,
            )
        )
        vault = deployer.deploy(
            calls.vault_init_code(bolt, hub=address["hub"], treasurer=address["treasurer"])
        )
        anchor = deployer.deploy(calls.anchor_init_code())
        return Deployment(self._chain.chain_id, bolt, vault, anchor, address["publisher"])

    def found_registry(self, claim_keys: Sequence[Address]) -> Address:
        """The registry of devices, in which the maker of the boxes has issued these claim keys."""
        maker = self._accounts["maker"]
        made = self._accounts["deployer"].deploy(registry.init_code(maker.address))
        maker.transact(Call(made, registry.issue([*claim_keys])))
        return made

    def fund_pool(self, deployment: Deployment) -> None:
        """The retailer's own money, from which the hub's credits are paid."""
        amount_ubolt = self._terms.pool_ubolt
        relayer = self._accounts["relayer"]
        self.mint(deployment, [(relayer.address, amount_ubolt)])
        self._mined(
            "fund pool",
            relayer.transact_many(
                [
                    Call(deployment.bolt, calls.approve(deployment.vault, amount_ubolt)),
                    Call(deployment.vault, calls.fund_pool(amount_ubolt), gas=200_000),
                ]
            ),
        )

    def mint(self, deployment: Deployment, payments: Sequence[tuple[Address, int]]) -> None:
        """New BOLT for dollars that came in: attested by one party, minted by another."""
        bolt = deployment.bolt
        supply = calls.total_supply()
        supply_seen = supply.decode(self._chain.call(bolt, supply.calldata))
        reserve = supply_seen + sum(amount_ubolt for _, amount_ubolt in payments)
        time_s = self._chain.head().timestamp_s
        digest = reserve_attestation_digest(
            bolt_domain(deployment.chain_id, bolt),
            time_s=time_s,
            supply_seen=supply_seen,
            reserve=reserve,
        )
        attestation = calls.attest_reserve(
            time_s,
            supply_seen=supply_seen,
            reserve=reserve,
            signature=self._keys["attestor"].sign(digest),
        )
        minter = self._accounts["minter"]
        self._mined("attest", [minter.transact(Call(bolt, attestation))])
        mints = [Call(bolt, calls.mint(to, amount), gas=150_000) for to, amount in payments]
        self._mined("mint", minter.transact_many(mints))

    def deposit(
        self, deployment: Deployment, orders: Sequence[DepositOrder], *, now_s: int
    ) -> None:
        """Mint to the owners what they paid in, and relay their signed deposits in one block."""
        paid = [(order.owner.address, order.amount_ubolt) for order in orders]
        self.mint(deployment, paid)
        relayed = [
            Call(deployment.vault, self._authorized(deployment, order, now_s=now_s), gas=300_000)
            for order in orders
        ]
        kind = "open" if all(order.number == 0 for order in orders) else "top up"
        self._mined(kind, self._accounts["relayer"].transact_many(relayed))

    def _authorized(self, deployment: Deployment, order: DepositOrder, *, now_s: int) -> bytes:
        identity = order.identity
        authorization = Authorization(
            payer=order.owner.address,
            receiver=deployment.vault,
            value_ubolt=order.amount_ubolt,
            valid_after_s=now_s - 3_600,
            valid_before_s=now_s + 3_600,
            nonce=deposit_nonce(identity.channel, order.number),
        )
        domain = bolt_domain(deployment.chain_id, deployment.bolt)
        return calls.deposit_with_authorization(
            calls.AuthorizedDeposit(
                identity.voucher_key,
                identity.cfg,
                order.amount_ubolt,
                order.owner.address,
                order.number,
                authorization.valid_after_s,
                authorization.valid_before_s,
                order.owner.sign(receive_authorization_digest(domain, authorization)),
            )
        )

    def _mined(self, kind: str, receipts: Sequence[Receipt]) -> None:
        invariant(all(receipt.succeeded for receipt in receipts), f"{kind} is mined or raises")
        self.gas += [(kind, receipt.gas_used) for receipt in receipts]

    def _addresses(self) -> dict[str, Address]:
        return {role: key.address for role, key in self._keys.items()}
