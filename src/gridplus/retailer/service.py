"""The back office as a process: its real parts, opened from a configuration and closed again."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import httpx
from starlette.applications import Starlette

from gridplus.chain import RpcChain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import StorageError
from gridplus.files import read_file
from gridplus.journal import SqliteJournal
from gridplus.keystore import KeyStore, Secp256k1Key, read_token
from gridplus.retailer.accounts import MoneyTerms
from gridplus.retailer.announcing import Announcer
from gridplus.retailer.app import RetailerApp
from gridplus.retailer.book import JOURNAL_FILE
from gridplus.retailer.chain_link import ChainLink
from gridplus.retailer.config import RetailerConfig
from gridplus.retailer.enrolment import kept_fresh, open_line
from gridplus.retailer.facts import open_outbox
from gridplus.retailer.hub_link import HubLink
from gridplus.retailer.office import BackOffice, Folders, OfficeParts
from gridplus.retailer.vtn import VtnDesk, VtnTerms, open_vtn
from gridplus.serving import Door, serve
from gridplus.tariff import parse_plan
from gridplus.wallet import anchor_domain

HUB_TIMEOUT_S = 60
"""A claim is mined before the hub answers."""


def serve_retailer(config: RetailerConfig, *, port: int, exit_with_parent: bool) -> None:
    """Serve the back office on loopback until SIGTERM. Raises GridPlusError when it cannot start;
    a configuration that does not fit is an InputError."""
    app, doors = open_retailer(config)
    serve(
        app,
        port=port,
        describe={"ready": "retailer"},
        exit_with_parent=exit_with_parent,
        doors=doors,
    )


def retailer_app(config: RetailerConfig, *, hub: httpx.AsyncClient | None = None) -> Starlette:
    """The app alone, for loopback."""
    return open_retailer(config, hub=hub)[0]


def open_retailer(
    config: RetailerConfig, *, hub: httpx.AsyncClient | None = None
) -> tuple[Starlette, tuple[Door, ...]]:
    """The app over parts that are opened here and closed with it, and its doors. `hub` is how to
    reach the hub, when it is not by its URL."""
    client = hub or httpx.AsyncClient(
        base_url=config.hub_url, timeout=HUB_TIMEOUT_S, trust_env=False
    )
    with ExitStack() as opened:
        clock: Clock = SystemClock() if config.clock is None else FileClock(config.clock)
        vtn = open_vtn(_vtn_terms(config), opened=opened)
        office = open_office(config, client, clock=clock, opened=opened, desk=vtn.desk)
        line = None
        if config.line is not None:
            deployment = Deployment.load(config.deployment)
            line = open_line(
                config.line,
                client,
                chain_url=config.chain_url,
                deployment=deployment,
                opened=opened,
            )
        token = None if config.admin_token is None else read_token(config.admin_token)
        kept = opened.pop_all()

    @asynccontextmanager
    async def closing() -> AsyncIterator[None]:
        with kept:
            async with client, vtn, kept_fresh(line):
                yield

    app = RetailerApp(office, vtn.app, admin_token=token, closing=closing(), line=line)
    return app.starlette(), () if line is None else line.lines.doors()


def _vtn_terms(config: RetailerConfig) -> VtnTerms:
    return VtnTerms(
        config.state, config.vtn_clients, test_mode=False, mqtt=config.mqtt, clock=config.clock
    )


def open_office(
    config: RetailerConfig,
    hub: httpx.AsyncClient,
    *,
    clock: Clock,
    opened: ExitStack,
    desk: VtnDesk,
) -> BackOffice:
    """The office where its journal left it; `opened` closes what it needs. Raises as
    `serve_retailer` does."""
    chain = opened.enter_context(RpcChain(config.chain_url, confirmations=config.confirmations))
    key = KeyStore(config.keys).load(config.key_name, Secp256k1Key)
    deployment = Deployment.load(config.deployment)
    try:
        config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{config.state} cannot be made: {error.strerror}") from None
    journal = opened.enter_context(
        SqliteJournal.open(
            config.state / JOURNAL_FILE, now_s=clock.now_s, page_limit=config.journal_page_limit
        )
    )
    sender = Sender(key, chain, outbox=open_outbox(journal), rules=config.fees)
    link = ChainLink(chain, deployment, sender)
    link.require_ours()
    plan = parse_plan(read_file(config.plan), what=str(config.plan))
    plan.require_sellable()
    parts = OfficeParts(
        plan=plan,
        journal=journal,
        clock=clock,
        chain=link,
        hub=HubLink(hub, read_token(config.hub_token)),
        folders=Folders(config.market, config.history, config.customers, config.out),
        money=MoneyTerms(config.opening_capital_ubolt, config.gas),
        announcer=Announcer(
            desk,
            clock,
            anchor_domain(deployment.chain_id, deployment.anchor),
            key.sign,
            config.customers,
        ),
    )
    office = BackOffice(parts)
    office.start()
    return office
