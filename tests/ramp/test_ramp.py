"""A ramp on a real chain: money is deposited once, when it is final, whatever happens between."""

import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from gridplus.agreement import Notice, TopUp, TopUpRefusal, TopUpStage
from gridplus.chain import Account, Call, Sender
from gridplus.cli.ramp import command
from gridplus.demo.processes import start_service
from gridplus.failures import InputError
from gridplus.journal import SqliteJournal
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.ramp import Payment, Ramp, SandboxProvider
from gridplus.ramp.app import RampApp
from gridplus.ramp.config import open_outbox
from gridplus.ramp.facts import SignedMandate
from gridplus.ramp.provider import NoticeRefusedError, open_notice, sign_notice
from gridplus.ramp.ramp import RampParts
from gridplus.units import DAY_S, UBOLT_PER_BOLT
from gridplus.wallet import TopUpMandate, mandate_digest
from gridplus.wire import OpenChannel
from tests.hub.town import START_S, HandClock, House, Town

SECRET = b"shared between ramp and provider"
TEN = 10 * UBOLT_PER_BOLT


@dataclass
class SlowProvider:
    """Takes charges and says nothing until a test does."""

    secret: bytes = SECRET
    charged: list[int] = field(default_factory=list)

    async def charge(self, top_up: TopUp, *, now_s: int) -> Sequence[tuple[bytes, str]]:
        self.charged.append(top_up.number)
        return ()


@pytest.fixture(scope="module")
def cashier(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key store whose key `cashier` has BOLT and ether."""
    folder = tmp_path_factory.mktemp("cashier")
    key = KeyStore(folder).create("cashier", Secp256k1Key)
    town.founder.mint(town.deployment, [(key.address, 500 * UBOLT_PER_BOLT)])
    relayer = Account(town.keys["relayer"], town.chain)
    relayer.transact(Call(key.address, value_wei=10**18))
    return folder


@contextmanager
def open_ramp(town: Town, folder: Path, cashier: Path, *, provider: object) -> Iterator[Ramp]:
    clock = HandClock()
    with SqliteJournal.open(folder / "ramp.journal", now_s=clock.now_s) as journal:
        key = KeyStore(cashier).load("cashier", Secp256k1Key)
        sender = Sender(key, town.chain, outbox=open_outbox(journal))
        parts = RampParts(town.chain, town.deployment, sender, journal, provider, clock)  # type: ignore[arg-type]
        yield Ramp(parts)


async def say(ramp: Ramp, notice: Notice, *, of: TopUp, event: str = "") -> TopUp | TopUpRefusal:
    body = Payment(event or f"e-{notice.name}", of.number, notice, of.amount_ubolt).to_bytes()
    return await ramp.hear(body, header=sign_notice(SECRET, body, now_s=START_S))


def signed(house: House, **changes: int) -> SignedMandate:
    usual = TopUpMandate(house.channel, 5 * TEN, TEN, TEN, 2 * TEN, 1, START_S + DAY_S)
    mandate = replace(usual, **changes)
    digest = mandate_digest(house.identity.domain, mandate)
    return SignedMandate(mandate, house.owner.sign(digest))


async def test_money_is_deposited_when_it_is_final_and_once(
    town: Town, tmp_path: Path, cashier: Path
) -> None:
    house, provider = town.plan_house(), SlowProvider()
    with open_ramp(town, tmp_path, cashier, provider=provider) as ramp:
        asked = await ramp.request(house.identity, amount_ubolt=TEN)
        await say(ramp, Notice.PAID, of=asked)
        assert await ramp.round() == {}
        assert town.word(house).deposited == 0, "a card payment may still be taken back"
        await say(ramp, Notice.SETTLED, of=asked)
        await say(ramp, Notice.SETTLED, of=asked)
        for _ in range(2):
            assert await ramp.round() == {}
        assert town.word(house).deposited == TEN
        assert ramp.top_ups[1].stage is TopUpStage.DEPOSITED
    with open_ramp(town, tmp_path, cashier, provider=provider) as again:
        assert again.top_ups == ramp.top_ups, "a replay knows the same"
        assert await again.round() == {}
    assert town.word(house).deposited == TEN
    assert provider.charged == [1], "charged once: the payment was heard of"


async def test_a_deposit_that_was_sent_before_a_crash_counts_whatever_was_heard_since(
    town: Town, tmp_path: Path, cashier: Path
) -> None:
    house = town.plan_house()
    with open_ramp(town, tmp_path, cashier, provider=SlowProvider()) as ramp:
        asked = await ramp.request(house.identity, amount_ubolt=TEN)
        await say(ramp, Notice.SETTLED, of=asked)
        ramp._deposit(ramp.top_ups[1])  # sent and final; the crash comes before it is kept
    with open_ramp(town, tmp_path, cashier, provider=SlowProvider()) as again:
        await say(again, Notice.CHARGED_BACK, of=asked)
        assert again.top_ups[1].stage is TopUpStage.RETURNED, "as far as this life knows"
        assert await again.round() == {}
        assert again.top_ups[1].stage is TopUpStage.LOST
    assert town.word(house).deposited == TEN


async def test_money_that_was_taken_back_first_is_never_deposited(
    town: Town, tmp_path: Path, cashier: Path
) -> None:
    house = town.plan_house()
    with open_ramp(town, tmp_path, cashier, provider=SlowProvider()) as ramp:
        asked = await ramp.request(house.identity, amount_ubolt=TEN)
        await say(ramp, Notice.CHARGED_BACK, of=asked)
        await say(ramp, Notice.SETTLED, of=asked)
        assert await ramp.round() == {}
    assert town.word(house).deposited == 0


async def test_an_owner_is_topped_up_by_himself_within_his_ceilings(
    town: Town, tmp_path: Path, cashier: Path
) -> None:
    (house,) = town.move_in(1, deposit_bolt=20)
    with open_ramp(town, tmp_path, cashier, provider=SandboxProvider(SECRET)) as ramp:
        await ramp.order(house.identity, signed(house))
        assert await ramp.round() == {}
        assert town.word(house).deposited == 3 * TEN
        assert ramp.why_not(house.channel) is TopUpRefusal.PAST_DAY
        assert await ramp.round() == {}
        assert town.word(house).deposited == 3 * TEN
        await ramp.order(house.identity, signed(house, number=2, amount_ubolt=0))
        assert ramp.why_not(house.channel) is TopUpRefusal.NO_MANDATE


async def test_a_standing_order_is_the_owners_alone_and_the_newest_counts(
    town: Town, tmp_path: Path, cashier: Path
) -> None:
    house, other = town.move_in(2, deposit_bolt=75)
    with open_ramp(town, tmp_path, cashier, provider=SlowProvider()) as ramp:
        order = signed(house)
        with pytest.raises(InputError, match="another channel"):
            await ramp.order(other.identity, order)
        with pytest.raises(InputError, match="not signed by the channel's owner"):
            await ramp.order(house.identity, replace(order, signature=b"\x01" * 64))
        stranger = town.plan_house()
        with pytest.raises(InputError, match="no deposit yet"):
            await ramp.order(stranger.identity, signed(stranger))
        await ramp.order(house.identity, signed(house, number=3))
        await ramp.order(house.identity, signed(house, number=3))
        with pytest.raises(InputError, match="numbered 3 is newer"):
            await ramp.order(house.identity, order)
        for amount in (0, 1, 2_001 * UBOLT_PER_BOLT):
            with pytest.raises(InputError, match="whole cents"):
                await ramp.request(house.identity, amount_ubolt=amount)


NOTICE = Payment("e1", 1, Notice.PAID, TEN).to_bytes()


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", "no signature like"),
        ("t=1,v1=" + "0" * 64 + "\n", "no signature like"),
        (f"t={START_S},v1=" + "0" * 64, "not signed with the secret"),
        (sign_notice(b"another", NOTICE, now_s=START_S), "not signed with the secret"),
        (sign_notice(SECRET, NOTICE + b" ", now_s=START_S), "not signed with the secret"),
        (sign_notice(SECRET, NOTICE, now_s=START_S - 301), "signed more than 300 s ago"),
        (sign_notice(SECRET, NOTICE, now_s=START_S + 301), "signed more than 300 s ago"),
    ],
)
def test_a_notice_that_nobody_signed_just_now_is_refused(header: str, why: str) -> None:
    with pytest.raises(NoticeRefusedError, match=why):
        open_notice(SECRET, NOTICE, header=header, now_s=START_S)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", NOTICE[:-1], NOTICE.replace(b"USD", b"EUR"), b"[" * 5_000]
)
def test_a_broken_notice_is_refused_though_it_is_signed(body: bytes) -> None:
    with pytest.raises(InputError) as refused:
        open_notice(SECRET, body, header=sign_notice(SECRET, body, now_s=START_S), now_s=START_S)
    assert not isinstance(refused.value, NoticeRefusedError)


@asynccontextmanager
async def door(ramp: Ramp) -> AsyncIterator[httpx.AsyncClient]:
    app = RampApp(ramp, admin_token="t" * 32).starlette()
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ramp") as client:
        yield client


async def test_on_http_each_refusal_has_its_status(
    town: Town, tmp_path: Path, cashier: Path
) -> None:
    (house,) = town.move_in(1)
    home = json.loads(OpenChannel(house.identity).to_bytes())
    with open_ramp(town, tmp_path, cashier, provider=SlowProvider()) as ramp:
        async with door(ramp) as client:
            asked = {"home": home, "top_up": {"amount_ubolt": TEN}}
            assert (await client.post("/v1/top-ups", json=asked)).status_code == 401
            admin = {"authorization": "Bearer " + "t" * 32}
            made = await client.post("/v1/top-ups", json=asked, headers=admin)
            assert made.json()["stage"] == "REQUESTED"
            wrong = Payment("e2", 1, Notice.PAID, 2 * TEN).to_bytes()
            for body, header, status in (
                (NOTICE, "", 401),
                (NOTICE, sign_notice(SECRET, NOTICE, now_s=START_S), 200),
                (wrong, sign_notice(SECRET, wrong, now_s=START_S), 409),
                (b"{}", sign_notice(SECRET, b"{}", now_s=START_S), 400),
                (b"x" * 5_000, "", 413),
            ):
                headers = {"gridplus-signature": header}
                answer = await client.post("/v1/notices", content=body, headers=headers)
                assert answer.status_code == status, answer.text
            listed = await client.get("/v1/top-ups", headers=admin)
            assert [each["stage"] for each in listed.json()["top_ups"]] == ["PAID"]


def test_an_owner_signs_in_words_and_the_process_pays_in(
    town: Town, tmp_path: Path, cashier: Path
) -> None:
    (house,) = town.move_in(1, deposit_bolt=20)
    (tmp_path / "home.json").write_bytes(OpenChannel(house.identity).to_bytes())
    (tmp_path / "deployment.json").write_bytes(town.deployment.to_bytes())
    for name in ("admin", "secret"):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text("0123456789abcdef" * 2 + "\n")
    values = {
        "journal": "ramp.journal",
        "deployment": "deployment.json",
        "keys": str(cashier),
        "key_name": "cashier",
        "admin_token": "admin",
        "provider_secret": "secret",
        "chain_url": town.chain_url,
    }
    config = tmp_path / "ramp.toml"
    config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    service = start_service(
        "ramp", ["ramp", "serve", "--config", str(config)], log=tmp_path / "log"
    )
    try:
        asked = ["mandate", "--home", str(tmp_path / "home.json"), "--url", service.url, "--yes"]
        asked += ["--keys", str(town.folder / owner_store(town, house)), "--number", "1"]
        asked += ["--below", "50", "--amount", "10", "--daily", "10", "--monthly", "20"]
        done = CliRunner().invoke(command, [*asked, "--until", "2099-12-31"])
        assert "at most 10.000000 BOLT a day and 20.000000 BOLT a month" in done.stdout
        assert done.stdout.endswith("The ramp keeps it.\n"), done.exception
        deadline_s = time.monotonic() + 30
        while town.word(house).deposited < 3 * TEN and time.monotonic() < deadline_s:
            assert httpx.get(f"{service.url}/health").json()["faults"] == {}
        assert town.word(house).deposited == 3 * TEN
    finally:
        service.stop()


def owner_store(town: Town, house: House) -> str:
    """The folder of the house's keys, which are unsealed in tests."""
    return next(
        path.name
        for path in town.folder.glob("home-*")
        if KeyStore(path).load("owner", Secp256k1Key).address == house.owner.address
    )
