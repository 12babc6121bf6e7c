"""A watchtower's configuration file, and a watchtower made from it."""

import tomllib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gridplus.chain import USUAL_FEES, FeeRules, RpcChain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.fee_terms import fee_rules
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import InputError
from gridplus.journal import SqliteJournal
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.tariff import Fields
from gridplus.wallet import vault_domain
from gridplus.watch.facts import open_outbox
from gridplus.watch.tower import Watchtower
from gridplus.wire import Promises

_DAY_S = 86_400
_MOST_PATIENCE_S = 5 * _DAY_S


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """Paths are relative to the file. `promises` is what `gridplus hub export` writes; `key_name`
    a key with ether and no other right; `patience_s` how long the hub may act before we do."""

    journal: Path
    deployment: Path
    keys: Path
    promises: Path
    chain_url: str
    key_name: str
    patience_s: int = _DAY_S
    clock: Path | None = None
    confirmations: int | None = None
    fees: FeeRules = USUAL_FEES

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file, the field and the mend."""
        try:
            table = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as a watchtower's file: {error}") from None
        fields, here, depth = Fields(table, str(path)), path.parent, "confirmations"
        patience_s = fields.integer("patience_s") if fields.has("patience_s") else _DAY_S
        if patience_s > _MOST_PATIENCE_S:
            fields.fail("patience_s", "must be at most 432000: the shortest window is 7 days")
        config = cls(
            journal=here / fields.text("journal"),
            deployment=here / fields.text("deployment"),
            keys=here / fields.text("keys"),
            promises=here / fields.text("promises"),
            chain_url=fields.text("chain_url"),
            key_name=fields.text("key_name"),
            patience_s=patience_s,
            clock=here / fields.text("clock") if fields.has("clock") else None,
            confirmations=fields.integer(depth) if fields.has(depth) else None,
            fees=fee_rules(fields),
        )
        fields.close()
        return config

    def read_promises(self) -> Promises:
        """Raises InputError for a file that is not there, or not whole."""
        try:
            data = self.promises.read_bytes()
        except OSError as error:
            raise InputError(
                f"{self.promises}: {error.strerror}; `gridplus hub export` writes it"
            ) from None
        return Promises.parse(data, what=str(self.promises))

    def system_clock(self) -> Clock:
        return SystemClock() if self.clock is None else FileClock(self.clock)


def open_tower(config: WatchConfig, opened: ExitStack) -> Watchtower:
    """A watchtower over its parts, which `opened` closes. Raises InputError or StorageError."""
    clock = config.system_clock()
    deployment, promises = Deployment.load(config.deployment), config.read_promises()
    if promises.domain != vault_domain(deployment.chain_id, deployment.vault):
        raise InputError(f"{config.promises} is of another vault than {config.deployment}")
    chain = opened.enter_context(RpcChain(config.chain_url, confirmations=config.confirmations))
    deployment.require_on(chain)
    journal = opened.enter_context(SqliteJournal.open(config.journal, now_s=clock.now_s))
    key = KeyStore(config.keys).load(config.key_name, Secp256k1Key)
    sender = Sender(key, chain, outbox=open_outbox(journal), rules=config.fees)
    return Watchtower(chain, sender, journal, promises, config.patience_s)
