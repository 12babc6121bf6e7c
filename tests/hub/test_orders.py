"""What the hub signs with a home, when, and what it holds back while an order is under way."""

from dataclasses import replace
from pathlib import Path

from gridplus.chain import Account, Call
from gridplus.contracts import home_calls
from gridplus.hub import HubRefusal, Refused
from gridplus.hub.orders import NOTICE_LAPSES_S, NOTICE_S, NoticeFolder
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.tariff import ChannelIdentity
from gridplus.units import UBOLT_PER_BOLT
from gridplus.wallet import (
    Action,
    Address,
    Cfg,
    Close,
    Role,
    Rotate,
    SetCap,
    action_digest,
    is_signed_by,
)
from gridplus.wire import AskOrder, HubAction, OrderAnswer, OrderNotice
from tests.hub.town import House, Life, Town, living_hub

DAY_S = 86_400
ALL = ("owner", "guardian", "device")


def key_of(town: Town, house: House, role: str) -> Secp256k1Key | DeviceKey:
    store = KeyStore(town.folder / f"home-{town.homes:03d}")
    return store.load(role, DeviceKey if role == "device" else Secp256k1Key)


def asked(town: Town, house: House, action: HubAction, *roles: str) -> AskOrder:
    digest = action_digest(house.identity.domain, action)
    return AskOrder(action, {role: key_of(town, house, role).sign(digest) for role in roles})


def close(life: Life, house: House, *, until_s: int | None = None) -> Close:
    """A close with the final pair of the newest bill."""
    home = life.book.homes[house.channel]
    billed, nonce = home.payee.bill.counters, home.view.word.op_nonce
    until_s = life.clock.shown_s + 6 * DAY_S if until_s is None else until_s
    return Close(house.channel, billed.spent_ubolt, billed.earned_ubolt, nonce, until_s)


async def answered(life: Life, order: AskOrder) -> OrderAnswer:
    answer = await life.hub.orders.sign(order)
    assert isinstance(answer, OrderAnswer), answer
    return answer


async def refused(life: Life, order: AskOrder) -> HubRefusal:
    last = life.journal.last_sequence
    answer = await life.hub.orders.sign(order)
    assert isinstance(answer, Refused), answer
    assert life.journal.last_sequence == last
    assert isinstance(answer.reason, HubRefusal)
    return answer.reason


def with_notices(life: Life, folder: Path) -> Life:
    life.hub.orders = replace(life.hub.orders, herald=NoticeFolder(folder))
    return life


def send_close(town: Town, house: House, order: AskOrder, hub: bytes) -> None:
    """Anybody posts it."""
    action, who = order.action, house.identity
    assert isinstance(action, Close)
    home = home_calls.Home(who.voucher_key, who.cfg, who.descriptor.encoded)
    final = home_calls.Final(action.spent, action.earned, action.valid_until_s, hub)
    by = home_calls.Pair(
        int(Role.OWNER | Role.GUARDIAN), order.signatures["owner"], order.signatures["guardian"]
    )
    data = home_calls.close_by_two(home, final, by=by)
    Account(town.keys["relayer"], town.chain).transact(Call(town.deployment.vault, data))


async def test_a_close_of_two_keys_is_signed_a_day_after_owner_and_guardian_were_told(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    folder, journal = tmp_path / "notices", tmp_path / "hub.journal"
    async with living_hub(town, journal) as life:
        with_notices(life, folder)
        await life.open([house])
        await life.pay(house, await life.bill(house))
        told_s = life.clock.shown_s
        first = await answered(life, asked(town, house, close(life, house), "owner", "device"))
        assert (first.signature, first.signs_at_s) == (None, told_s + NOTICE_S)
        (notice,) = (OrderNotice.parse(file.read_bytes().rstrip()) for file in folder.iterdir())
        descriptor = house.identity.descriptor
        assert (notice.owner, notice.guardian) == (descriptor.owner, descriptor.guardian)
        assert notice.asked_by == ("owner", "device")
        assert notice.is_signed_by(town.hub_key.address, domain=house.identity.domain)
        assert not replace(notice, signs_at_s=told_s).is_signed_by(
            town.hub_key.address, domain=house.identity.domain
        )
        # The home lives on meanwhile; asking again neither hastens nor repeats anything.
        await life.pay(house, await life.bill(house))
        life.clock.shown_s = told_s + NOTICE_S - 1
        again = await answered(life, asked(town, house, close(life, house), "owner", "guardian"))
        assert (again.signature, again.signs_at_s) == (None, first.signs_at_s)
        assert len(list(folder.iterdir())) == 1
    async with living_hub(town, journal) as life:
        life.clock.shown_s = told_s + NOTICE_S
        order = asked(town, house, close(life, house), "owner", "guardian")
        signed = await answered(life, order)
        assert signed.signature is not None
        digest = action_digest(house.identity.domain, order.action)
        assert is_signed_by(town.hub_key.address, digest, signature=signed.signature)
        assert await answered(life, order) == signed


async def test_a_notice_that_lapsed_and_one_of_an_older_nonce_count_no_more(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        with_notices(life, tmp_path / "notices")
        await life.open([house])
        start_s = life.clock.shown_s
        await answered(life, asked(town, house, close(life, house), "owner", "guardian"))
        life.clock.shown_s = start_s + NOTICE_LAPSES_S + 1
        late = await answered(life, asked(town, house, close(life, house), "owner", "guardian"))
        assert (late.signature, late.signs_at_s) == (None, life.clock.shown_s + NOTICE_S)


async def test_all_three_keys_close_at_once_and_nothing_is_acknowledged_until_it_is_final(
    town: Town, tmp_path: Path
) -> None:
    (house,) = town.move_in(1)
    journal = tmp_path / "hub.journal"
    async with living_hub(town, journal) as life:
        await life.open([house])
        record = await life.bill(house)
        order = asked(town, house, close(life, house), *ALL)
        signature = (await answered(life, order)).signature
        assert signature is not None
        under_way = Refused(HubRefusal.ORDER_UNDER_WAY)
        paid = house.voucher_for(record)
        assert await life.hub.submit_voucher(house.channel, paid) == under_way
        waiting = house.meter(100)
        assert await life.hub.submit_read(waiting) == under_way
        # An order that nobody sends keeps nobody from another: the op nonce lets one of them count.
        other = close(life, house, until_s=life.clock.shown_s + 60)
        assert (await answered(life, asked(town, house, other, *ALL))).signature is not None
        life.hub.orders.release(life.clock.shown_s + 61)
        assert await life.hub.submit_voucher(house.channel, paid) == under_way
    async with living_hub(town, journal) as life:  # a crash forgets nothing
        assert await life.hub.submit_voucher(house.channel, paid) == under_way
        send_close(town, house, order, signature)
        await life.hub.follow_chain()
        assert town.word(house).headroom == 0
        assert town.word(house).spent == record.statement.spent_ubolt
        stopped = await life.hub.submit_read(waiting)
        assert isinstance(stopped, Refused)
        assert stopped != under_way
        assert await refused(life, order) is HubRefusal.ORDER_OUTDATED


async def test_an_order_that_expired_unsent_lets_the_home_go_on(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        record = await life.bill(house)
        until_s = life.clock.shown_s + 60
        order = asked(town, house, close(life, house, until_s=until_s), *ALL)
        await answered(life, order)
        life.hub.orders.release(until_s)
        under_way = Refused(HubRefusal.ORDER_UNDER_WAY)
        voucher = house.voucher_for(record)
        assert await life.hub.submit_voucher(house.channel, voucher) == under_way
        life.hub.orders.release(until_s + 1)
        await life.pay(house, record)


def into(house: House, **changed: object) -> ChannelIdentity:
    """The channel of the same home with a new box, and what else is `changed`."""
    descriptor = replace(house.identity.descriptor, device_x=7, **changed)  # type: ignore[arg-type]
    return replace(house.identity, descriptor=descriptor, voucher_key=Address(b"\x07" * 20))


async def test_a_cap_and_a_new_box_are_signed_at_once_a_new_owner_a_day_after_both_were_told(
    town: Town, tmp_path: Path
) -> None:
    """Whoever has stolen two keys would make himself a home of three, and close that."""
    (house,) = town.move_in(1)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        with_notices(life, tmp_path / "notices")
        await life.open([house])
        terms = (0, life.clock.shown_s + 2 * DAY_S)
        cap = asked(town, house, SetCap(house.channel, 20, *terms), "owner", "device")
        assert (await answered(life, cap)).signature is not None

        def move(to: ChannelIdentity, *roles: str, shown: bool = True) -> AskOrder:
            action = Rotate(house.channel, to.voucher_key, to.cfg, 0, 0, *terms)
            return replace(asked(town, house, action, *roles), successor=to if shown else None)

        box = into(house)
        assert (await answered(life, move(box, "owner", "guardian"))).signature is not None
        phone = into(house, owner=Address(b"\x08" * 20))
        unknown = into(house, salt=bytes(32))
        waits = [
            move(phone, "guardian", "device"),
            move(unknown, "owner", "device", shown=False),
        ]
        start_s = life.clock.shown_s
        for order in (*waits, move(into(house, guardian=Address(b"\x09" * 20)), "owner", "device")):
            answer = await answered(life, order)
            assert (answer.signature, answer.signs_at_s) == (None, start_s + NOTICE_S)
        assert (await answered(life, move(phone, *ALL))).signature is not None
        life.clock.shown_s += NOTICE_S
        # A notice of one kind of order is none of another.
        ending = asked(town, house, close(life, house), "guardian", "device")
        assert (await answered(life, ending)).signature is None
        assert (await answered(life, waits[0])).signature is not None


async def test_what_the_hub_does_not_sign_is_refused_by_name(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1, cap_bolt=60)
    async with living_hub(town, tmp_path / "hub.journal") as life:
        await life.open([house])
        record = await life.bill(house, 4_000)
        await life.pay(house, record)
        final, now_s = close(life, house), life.clock.shown_s
        good = asked(town, house, final, *ALL)
        thief = KeyStore(tmp_path / "thief").create("thief", Secp256k1Key)
        digest = action_digest(house.identity.domain, final)
        forged = replace(good, signatures={**good.signatures, "guardian": thief.sign(digest)})
        pair = ("owner", "guardian")
        cases: list[tuple[AskOrder, HubRefusal]] = [
            (asked(town, house, final, "owner"), HubRefusal.TWO_MUST_SIGN),
            (forged, HubRefusal.TWO_MUST_SIGN),
            (replace(good, action=replace(final, spent=0)), HubRefusal.TWO_MUST_SIGN),
            (asked(town, house, final, *pair), HubRefusal.NOBODY_TO_TELL),
            (asked(town, house, SetCap(house.channel, 0, 0, now_s), *pair), HubRefusal.CLAIM_FIRST),
        ]
        changed: list[tuple[Action, HubRefusal]] = [
            (replace(final, nonce=1), HubRefusal.ORDER_OUTDATED),
            (replace(final, valid_until_s=now_s - 1), HubRefusal.ORDER_EXPIRED),
            (replace(final, valid_until_s=now_s + 7 * DAY_S + 1), HubRefusal.ORDER_EXPIRED),
            (replace(final, spent=final.spent - 1), HubRefusal.FINAL_DIFFERS),
            (replace(final, earned=UBOLT_PER_BOLT), HubRefusal.FINAL_DIFFERS),
            (
                Rotate(house.channel, Address(b"\x07" * 20), Cfg(bytes(32)), 0, 0, 0, now_s),
                HubRefusal.FINAL_DIFFERS,
            ),
        ]
        cases += [(asked(town, house, action, *ALL), reason) for action, reason in changed]  # type: ignore[arg-type]
        for order, reason in cases:
            assert await refused(life, order) is reason
        differs = await life.hub.orders.sign(
            asked(town, house, replace(final, spent=final.spent - 1), *ALL)
        )
        assert isinstance(differs, Refused)
        assert differs.newest == life.book.homes[house.channel].payee.bill.counters
        assert (await answered(life, good)).signature is not None
