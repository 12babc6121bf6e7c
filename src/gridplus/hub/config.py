"""The hub's configuration file, and a hub made from it."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from starlette.applications import Starlette

from gridplus.chain import RpcChain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import InputError
from gridplus.hub.app import HubApp
from gridplus.hub.facts import open_outbox
from gridplus.hub.hub import Hub, HubParts
from gridplus.hub.supply import Supply
from gridplus.hub.vault import VaultLink
from gridplus.journal import SqliteJournal
from gridplus.keystore import KeyStore, Secp256k1Key, read_token
from gridplus.serving import serve

_TEXTS = ("chain_url", "retailer_url", "key_name")
_PATHS = ("journal", "deployment", "keys", "admin_token")
_LIMITS = ("unsigned_limit_ubolt",)
_COUNTS = ("confirmations", "journal_page_limit")
_OPTIONAL = ("clock", *_COUNTS)


@dataclass(frozen=True, slots=True)
class HubConfig:
    """Paths are relative to the file. `clock` names a clock file, for a time that is not now;
    `journal_page_limit` bounds the journal, in pages of 4 KiB; a block is final after
    `confirmations` more, or when the node says so."""

    journal: Path
    deployment: Path
    keys: Path
    admin_token: Path
    chain_url: str
    retailer_url: str
    key_name: str
    unsigned_limit_ubolt: int
    clock: Path | None = None
    confirmations: int | None = None
    journal_page_limit: int | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file, the field and the mend."""
        try:
            table = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as a hub's configuration: {error}") from None
        known = (*_TEXTS, *_PATHS, *_LIMITS, *_OPTIONAL)
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise InputError(f"{path}: {unknown[0]} is not known; known are {', '.join(known)}")
        for name in (*_TEXTS, *_PATHS):
            if not isinstance(table.get(name), str) or not table[name]:
                raise InputError(f"{path}: {name} must be a text; add it")
        for name in (*_LIMITS, *_COUNTS):
            value = table.get(name)
            if name in _LIMITS or value is not None:
                _require_count(value, f"{path}: {name}")
        here = path.parent
        clock = table.get("clock")
        return cls(
            **{name: here / table[name] for name in _PATHS},
            **{name: table[name] for name in (*_TEXTS, *_LIMITS)},
            clock=None if clock is None else here / str(clock),
            confirmations=table.get("confirmations"),
            journal_page_limit=table.get("journal_page_limit"),
        )


def serve_hub(config: HubConfig, *, port: int, exit_with_parent: bool) -> None:
    """Serve the hub on loopback until SIGTERM. Raises InputError or StorageError at start."""
    serve(
        hub_app(config),
        port=port,
        describe={"ready": "hub"},
        exit_with_parent=exit_with_parent,
    )


def hub_app(config: HubConfig) -> Starlette:
    """The hub over its real parts, which are opened here and closed with the app."""
    clock: Clock = SystemClock() if config.clock is None else FileClock(config.clock)
    token = read_token(config.admin_token)
    chain = RpcChain(config.chain_url, confirmations=config.confirmations)
    key = KeyStore(config.keys).load(config.key_name, Secp256k1Key)
    journal = SqliteJournal.open(
        config.journal, now_s=clock.now_s, page_limit=config.journal_page_limit
    )
    sender = Sender(key, chain, outbox=open_outbox(journal))
    vault = VaultLink(chain, Deployment.load(config.deployment), sender)
    vault.require_ours()
    hub = Hub(HubParts(key, vault, journal, clock, config.unsigned_limit_ubolt))
    hub.start()
    client = httpx.AsyncClient(base_url=config.retailer_url, timeout=10, trust_env=False)
    app = HubApp(hub, Supply(client, hub), admin_token=token).starlette()
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def closing(served: Starlette) -> AsyncIterator[None]:
        try:
            async with inner(served):
                yield
        finally:
            await client.aclose()
            journal.close()
            chain.close()

    app.router.lifespan_context = closing
    return app


def _require_count(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InputError(f"{what} must be a whole number above 0")
