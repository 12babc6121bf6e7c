"""A retailer's world for one test: its files, a hub that tells recorded days, a real chain."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gridplus.chain import Account, Call, RpcChain
from gridplus.chain.views import ask
from gridplus.clock import FileClock, set_clock
from gridplus.contracts import calls
from gridplus.digest import canonical_json
from gridplus.journal import SqliteJournal, Stored
from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.retailer.config import RetailerConfig
from gridplus.retailer.facts import Kind
from gridplus.retailer.service import retailer_app
from gridplus.units import SETTLEMENT_INTERVAL_S
from gridplus.wire import BilledDay, BilledRecord, Channels
from tests.retailer.ground import DAY, NEXT_DAY, Ground, price, write_customers
from tests.retailer.served import ServedChain
from tests.tariff.examples import PLAN_TEXT, prices_of

T = TypeVar("T")
TOKEN = "a-token-of-thirty-two-characters-or-more"
CONFIG = """
state = "state"
out = "out"
deployment = "deployment.json"
keys = "keys"
key_name = "publisher"
hub_token = "hub.token"
admin_token = "admin.token"
plan = "plan.toml"
market = "market"
history = "history"
customers = "customers.json"
clock = "clock"
chain_url = "CHAIN_URL"
hub_url = "http://hub"
opening_capital = "100.00 BOLT"
gas_price = "0.05 gwei"
ether_price = "2500 $/ETH"
"""


class RecordedHub:
    """A hub's administrative face over records that were signed before. It claims for real."""

    def __init__(self, ground: Ground, chain: ServedChain) -> None:
        self.ground = ground
        self.records: dict[str, list[BilledRecord]] = {
            home.identity.channel.hex(): list(ground.records[home.name]) for home in ground.homes
        }
        self.claim_until_s = operating_day_bounds(DAY)[1]
        self.ready = asyncio.Event()
        self.ready.set()
        self.channels = Channels(tuple(home.identity for home in ground.homes)).to_bytes()
        self._chain = chain

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/admin/channels", self._channels),
                Route("/v1/admin/channels/{channel}/records", self._day),
                Route("/v1/admin/claims", self._claim, methods=["POST"]),
            ]
        )

    async def _channels(self, request: Request) -> Response:
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return JSONResponse({"error": "this is for the back office"}, status_code=401)
        return Response(self.channels)

    async def _day(self, request: Request) -> Response:
        channel = request.path_params["channel"].removeprefix("0x")
        start_s, end_s = (int(request.query_params[name]) for name in ("start_s", "end_s"))
        identity = next(
            h.identity for h in self.ground.homes if h.identity.channel.hex() == channel
        )
        found = [
            r for r in self.records[channel] if start_s <= r.statement.interval.start_s < end_s
        ]
        return Response(BilledDay(identity, tuple(found)).to_bytes())

    async def _claim(self, _request: Request) -> Response:
        await self.ready.wait()
        return JSONResponse(await asyncio.to_thread(self._claim_now))

    def _claim_now(self) -> dict[str, Any]:
        vault = self.ground.deployment.vault
        with RpcChain(self._chain.url) as chain:
            items = []
            for home in self.ground.homes:
                last = self._last_paid(home.identity.channel.hex())
                word = ask(chain, vault, view=calls.channel_word(home.identity.channel))
                if last is not None and word.spent < last.statement.spent_ubolt:
                    bill, signature = last.statement, last.evidence.voucher or b""
                    items.append(
                        calls.ClaimItem(
                            home.identity.cfg, bill.spent_ubolt, bill.earned_ubolt, signature
                        )
                    )
            if not items:
                return {"homes": 0, "transaction": None, "gas_used": 0, "block": 0}
            data = calls.claim(items, fund=0, seq=ask(chain, vault, view=calls.next_seq()))
            receipt = Account(self.ground.hub, chain).transact(Call(vault, data))
        return {
            "homes": len(items),
            "transaction": f"0x{receipt.transaction_hash.hex()}",
            "gas_used": receipt.gas_used,
            "block": receipt.block_number,
        }

    def _last_paid(self, channel: str) -> BilledRecord | None:
        paid = [
            r for r in self.records[channel] if r.statement.interval.end_s <= self.claim_until_s
        ]
        return paid[-1] if paid else None


class Scene:
    """`root` holds everything; change a file in it before the office opens."""

    def __init__(self, root: Path, ground: Ground) -> None:
        self.root, self.ground = root, ground
        ground.copy_to(root)
        self.clock = FileClock(root / "clock")
        self.chain = ServedChain(root / "chain.db", FileClock(root / "clock"))
        self.hub = RecordedHub(ground, self.chain)
        for name in ("hub.token", "admin.token"):
            (root / name).touch(mode=0o600)
            (root / name).write_text(TOKEN + "\n")
        for name in ("market", "history"):
            (root / name).mkdir()
        (root / "plan.toml").write_text(PLAN_TEXT)
        self.configure()
        write_customers(root / "customers.json", ground.homes)
        for day in (DAY - timedelta(1), DAY, NEXT_DAY):
            self.post(prices_of(day, price))
        for place, home in enumerate(ground.homes):
            self.write_history(home.name, load_wh=200 + 50 * place)

    def serve_chain(self) -> None:
        """Again, after it was stopped."""
        self.chain = ServedChain(self.root / "chain.db", FileClock(self.root / "clock"))

    def configure(self, *changes: tuple[str, str]) -> None:
        text = CONFIG.replace("CHAIN_URL", self.chain.url)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.root / "retailer.toml").write_text(text)

    def post(self, prices: PriceVersion) -> None:
        path = self.root / "market" / f"{prices.operating_day}-{prices.market}.json"
        path.write_bytes(canonical_json(prices.document()))

    def write_history(self, name: str, *, load_wh: int) -> None:
        """Three days that end at midnight before the day before DAY."""
        end_s = operating_day_bounds(DAY - timedelta(1))[0]
        starts = range(end_s - 3 * 86_400, end_s, SETTLEMENT_INTERVAL_S)
        rows = [f"{at},{load_wh + at // 900 % 96},{at // 900 % 48}" for at in starts]
        path = self.root / "history" / f"{name}.csv"
        path.write_text("\n".join(["start_s,load_wh,solar_wh", *rows]) + "\n")

    def move_clock(self, now_s: int) -> None:
        set_clock(self.root / "clock", now_s)

    @asynccontextmanager
    async def office(self) -> AsyncIterator[httpx.AsyncClient]:
        """The real app, started as its process would start it; an administrator asks."""
        config = RetailerConfig.load(self.root / "retailer.toml")
        hub = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.hub.app()), base_url=config.hub_url
        )
        app = retailer_app(config, hub=hub)
        asker = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://retailer",
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        async with app.router.lifespan_context(app), asker:
            yield asker

    def ask(self, question: Callable[[httpx.AsyncClient], Awaitable[T]]) -> T:
        """Open the office, ask, and close it again."""

        async def scenario() -> T:
            async with self.office() as client:
                return await question(client)

        return asyncio.run(scenario())

    def order(self, what: str, day: date) -> httpx.Response:
        """POST an order to a freshly started office."""
        return self.ask(lambda client: post_order(client, what, day=day))

    def facts(self) -> list[Stored]:
        """What the office has journaled, without what its sender has."""
        path = self.root / "state" / "retailer.journal"
        with SqliteJournal.open(path, now_s=self.clock.now_s) as journal:
            return [s for s in journal.replay() if s.fact.kind != Kind.OUTBOX_WRITTEN]


async def post_order(client: httpx.AsyncClient, what: str, *, day: date) -> httpx.Response:
    return await client.post(f"/v1/admin/{what}", json={"day": day.isoformat()})
