"""A hub made from its configuration: one process, a shard, or the coordinator of shards."""

import gc
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
from starlette.applications import Starlette

from gridplus.chain import RpcChain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import InputError
from gridplus.hub.app import HubApp
from gridplus.hub.claim_desk import ClaimDesk
from gridplus.hub.claiming import Claimer
from gridplus.hub.config import HubConfig
from gridplus.hub.coordinator import CoordinatorApp
from gridplus.hub.facts import open_outbox
from gridplus.hub.hub import Hub, HubParts
from gridplus.hub.line import HubLine, LineGuard
from gridplus.hub.metrics import ShardMetrics
from gridplus.hub.nursery import Nursery
from gridplus.hub.orders import NoticeFolder
from gridplus.hub.owed_desk import OwedDesk
from gridplus.hub.owing import OwnHomes, Payees
from gridplus.hub.placement import Placement
from gridplus.hub.places import Shards
from gridplus.hub.shard import WHOLE, Shard, holds_homes, take_claims, take_shard
from gridplus.hub.shard_payees import ShardPayees
from gridplus.hub.supply import Supply
from gridplus.hub.vault import ClaimLink, VaultLink
from gridplus.journal import OpenJournal, open_journal
from gridplus.keystore import KeyStore, Secp256k1Key, read_token
from gridplus.serving import Door, closing, serve


def serve_hub(
    config: HubConfig, *, port: int, exit_with_parent: bool, index: int | None = None
) -> None:
    """Serve the hub on loopback until SIGTERM: of one that has shards the coordinator, or the shard
    of this index. Raises InputError or StorageError at start."""
    app, doors = open_hub(config, index)
    ready = {"ready": "hub"}
    serve(app, port=port, describe=ready, exit_with_parent=exit_with_parent, doors=doors)


def open_hub(config: HubConfig, index: int | None = None) -> tuple[Starlette, tuple[Door, ...]]:
    """The same as an app over its real parts, which are opened here and closed with it, and its
    doors."""
    if index is not None:
        shard = config.shard(index)
        return _open_hub(config.of_shard(shard), shard)
    if config.shards is not None:
        return _open_coordinator(config, config.shards)
    return _open_hub(config, WHOLE)


def hub_app(config: HubConfig) -> Starlette:
    """The app alone, for loopback."""
    return open_hub(config)[0]


@dataclass(frozen=True, slots=True)
class _Means:
    """What a hub of any form needs. All of it is closed with `opened`."""

    key: Secp256k1Key
    clock: Clock
    vault: VaultLink
    journal: OpenJournal
    token: str


def _means(config: HubConfig, opened: ExitStack) -> _Means:
    clock: Clock = SystemClock() if config.clock is None else FileClock(config.clock)
    chain = opened.enter_context(RpcChain(config.chain_url, confirmations=config.confirmations))
    key = KeyStore(config.keys).load(config.key_name, Secp256k1Key)
    journal = opened.enter_context(
        open_journal(config.journal, now_s=clock.now_s, page_limit=config.journal_page_limit)
    )
    vault = VaultLink(chain, Deployment.load(config.deployment))
    vault.require_ours(key.address)
    return _Means(key, clock, vault, journal, read_token(config.admin_token))


def _open_hub(config: HubConfig, shard: Shard) -> tuple[Starlette, tuple[Door, ...]]:
    """A hub, or a shard, whose line is its stream's alone."""
    with ExitStack() as opened:
        means = _means(config, opened)
        take_shard(means.journal, shard, place=str(config.journal))
        herald = None if config.notices is None else NoticeFolder(config.notices)
        limit = config.unsigned_limit_ubolt
        parts = (means.key, means.vault, means.journal, means.clock, limit, herald, shard)
        hub = Hub(HubParts(*parts))
        hub.start()
        gc.freeze()  # what a start made stays: no collection walks a million rows again
        homes = OwnHomes(hub)
        claims: ClaimDesk | OwedDesk
        if shard == WHOLE:
            claims = _claims(config, means, payees=homes)
        else:
            claims = OwedDesk(homes, means.key, domain=hub.domain, now_s=means.clock.now_s)
        line = _line(config, opened)
        kept = opened.pop_all()
    client = _retailer(config)
    made = HubApp(
        hub,
        Supply(client, hub),
        admin_token=means.token,
        claims=claims,
        stream_port=config.stream_port,
    )
    if line is not None:
        made.behind(line, retailer=client)
    app = closing(made.starlette(), kept, client=client)
    if line is None:
        return app, ()
    app.add_middleware(LineGuard, token=None if shard == WHOLE else means.token)
    return app, (line.door(),) if shard == WHOLE else ()


def _open_coordinator(config: HubConfig, count: int) -> tuple[Starlette, tuple[Door, ...]]:
    with ExitStack() as opened:
        means = _means(config, opened)
        if holds_homes(means.journal):
            _require_split(config, count)
        take_claims(means.journal, count, place=str(config.journal))
        line = _line(config, opened)
        kept = opened.pop_all()
    metrics, shards = ShardMetrics(), Shards(count, means.token)
    placement = Placement(
        shards,
        Nursery(config.file, restarted=metrics.restarted),
        file=config.file,
        load=lambda: HubConfig.load(config.file).places,
    )
    claims, client = _claims(config, means, payees=ShardPayees(shards)), _retailer(config)
    made = CoordinatorApp(shards, placement, claims=claims, metrics=metrics, journal=means.journal)
    if line is not None:
        made.more_chores = line.chores(client)
    app = closing(made.starlette(means.token), kept, client=client)
    if line is None:
        return app, ()
    app.add_middleware(LineGuard)
    return app, (line.door(),)


def _require_split(config: HubConfig, count: int) -> None:
    """Raises InputError when a journal of homes would be left behind."""
    elsewhere = {place.index for place in config.places}
    for index in set(range(count)) - elsewhere:
        place = config.of_shard(Shard(index, count)).journal
        with open_journal(place, now_s=lambda: 0) as journal:
            if journal.last_sequence == 0:
                raise InputError(
                    f"{config.journal} knows homes, and {place} none of them; run: gridplus hub "
                    f"split --config {config.file}"
                )


def _claims(config: HubConfig, means: _Means, *, payees: Payees) -> ClaimDesk:
    outbox = open_outbox(means.journal)
    sender = Sender(means.key, means.vault.chain, outbox=outbox, rules=config.fees)
    link, clock = ClaimLink(means.vault, sender), means.clock
    return ClaimDesk(Claimer(payees, link, journal=means.journal, clock=clock), config.claims)


def _line(config: HubConfig, opened: ExitStack) -> HubLine | None:
    if config.line is None:
        return None
    return HubLine(config.line, opened.enter_context(RpcChain(config.chain_url)))


def _retailer(config: HubConfig) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=config.retailer_url, timeout=10, trust_env=False)
