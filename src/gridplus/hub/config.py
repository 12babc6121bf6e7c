"""The hub's configuration file, and a hub made from it."""

import tomllib
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from starlette.applications import Starlette

from gridplus.chain import USUAL_FEES, FeeRules, RpcChain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.fee_terms import fee_rules
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import InputError
from gridplus.hub.app import HubApp
from gridplus.hub.claim_desk import ClaimDesk
from gridplus.hub.claim_policy import USUAL_CLAIMS, ClaimPolicy
from gridplus.hub.claiming import Claimer
from gridplus.hub.facts import open_outbox
from gridplus.hub.hub import Hub, HubParts
from gridplus.hub.line import HubLine, LineConfig, LineGuard
from gridplus.hub.orders import NoticeFolder
from gridplus.hub.owing import OwnHomes
from gridplus.hub.supply import Supply
from gridplus.hub.vault import ClaimLink, VaultLink
from gridplus.journal import JournalPlace, journal_place, open_journal
from gridplus.keystore import KeyStore, Secp256k1Key, read_token
from gridplus.serving import Door, serve
from gridplus.tariff import Fields
from gridplus.wire import PORT_MAX


@dataclass(frozen=True, slots=True)
class HubConfig:
    """Paths are relative to the file. `journal` is a file, or the URL of a PostgreSQL database
    whose password lies in the file `journal_password`; `journal_page_limit` bounds a file, in pages
    of 4 KiB. `clock` names a clock file, for a time that is not now; a block is final after
    `confirmations` more, or when the node says so; `fees` is what its claims may cost, `claims`
    when they do not wait for the day's end; homes stay connected on `stream_port`, a free one when
    it is 0; `notices` is the folder from which the retailer's mail tells owner and guardian of an
    order of two keys."""

    journal: JournalPlace
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
    fees: FeeRules = USUAL_FEES
    line: LineConfig | None = None
    claims: ClaimPolicy = USUAL_CLAIMS
    stream_port: int = 0
    notices: Path | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file, the field and the mend."""
        try:
            table = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as a hub's configuration: {error}") from None
        fields, here = Fields(table, str(path)), path.parent
        depth, pages, port = "confirmations", "journal_page_limit", "stream_port"
        config = cls(
            journal=_journal(fields, here),
            deployment=here / fields.text("deployment"),
            keys=here / fields.text("keys"),
            admin_token=here / fields.text("admin_token"),
            chain_url=fields.text("chain_url"),
            retailer_url=fields.text("retailer_url"),
            key_name=fields.text("key_name"),
            unsigned_limit_ubolt=fields.integer("unsigned_limit_ubolt"),
            clock=here / fields.text("clock") if fields.has("clock") else None,
            confirmations=fields.integer(depth) if fields.has(depth) else None,
            journal_page_limit=fields.integer(pages) if fields.has(pages) else None,
            fees=fee_rules(fields),
            claims=ClaimPolicy.read(fields),
            stream_port=fields.integer(port, high=PORT_MAX) if fields.has(port) else 0,
            notices=here / fields.text("notices") if fields.has("notices") else None,
            line=LineConfig.read(fields.object("line"), here) if fields.has("line") else None,
        )
        fields.close()
        return config


def serve_hub(config: HubConfig, *, port: int, exit_with_parent: bool) -> None:
    """Serve the hub on loopback until SIGTERM. Raises InputError or StorageError at start."""
    app, doors = open_hub(config)
    serve(
        app,
        port=port,
        describe={"ready": "hub"},
        exit_with_parent=exit_with_parent,
        doors=doors,
    )


def hub_app(config: HubConfig) -> Starlette:
    """The app alone, for loopback."""
    return open_hub(config)[0]


def open_hub(config: HubConfig) -> tuple[Starlette, tuple[Door, ...]]:
    """The hub over its real parts, which are opened here and closed with the app, and its doors."""
    with ExitStack() as opened:
        hub, claims = _open_hub(config, opened)
        line = None
        if config.line is not None:
            line = HubLine(config.line, opened.enter_context(RpcChain(config.chain_url)))
        token = read_token(config.admin_token)
        kept = opened.pop_all()
    client = httpx.AsyncClient(base_url=config.retailer_url, timeout=10, trust_env=False)
    made = HubApp(
        hub,
        Supply(client, hub),
        admin_token=token,
        claims=claims,
        stream_port=config.stream_port,
    )
    if line is not None:
        made.behind(line, retailer=client)
    app = made.starlette()
    if line is not None:
        app.add_middleware(LineGuard)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def closing(served: Starlette) -> AsyncIterator[None]:
        with kept:
            async with client, inner(served):
                yield

    app.router.lifespan_context = closing
    return app, () if line is None else (line.door(),)


def _open_hub(config: HubConfig, opened: ExitStack) -> tuple[Hub, ClaimDesk]:
    clock: Clock = SystemClock() if config.clock is None else FileClock(config.clock)
    chain = opened.enter_context(RpcChain(config.chain_url, confirmations=config.confirmations))
    key = KeyStore(config.keys).load(config.key_name, Secp256k1Key)
    journal = opened.enter_context(
        open_journal(config.journal, now_s=clock.now_s, page_limit=config.journal_page_limit)
    )
    sender = Sender(key, chain, outbox=open_outbox(journal), rules=config.fees)
    vault = VaultLink(chain, Deployment.load(config.deployment))
    vault.require_ours(key.address)
    herald = None if config.notices is None else NoticeFolder(config.notices)
    hub = Hub(HubParts(key, vault, journal, clock, config.unsigned_limit_ubolt, herald))
    hub.start()
    payees = OwnHomes(hub)
    claimer = Claimer(payees, ClaimLink(vault, sender), journal=journal, clock=clock)
    return hub, ClaimDesk(claimer, config.claims)


def _journal(fields: Fields, here: Path) -> JournalPlace:
    name, secret = fields.text("journal"), "journal_password"
    password = read_token(here / fields.text(secret)) if fields.has(secret) else None
    return journal_place(name, folder=here, password=password)
