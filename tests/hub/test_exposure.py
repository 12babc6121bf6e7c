"""How near a home is to the end of its account: one step at a time, and back."""

from pathlib import Path

from gridplus.hub.exposure import Exposure, ExposureStep, exposure_of, worst_first
from gridplus.units import UBOLT_PER_BOLT
from tests.hub.test_http import BACK_OFFICE, hub_door
from tests.hub.town import House, Life, Town, living_hub


async def use(life: Life, house: House, wh: int, *, pays: bool = True) -> Exposure:
    record = await life.bill(house, wh)
    if pays:
        await life.pay(house, record)
    return exposure_of(life.book.homes[house.channel])


async def test_an_account_runs_low_and_ends_in_steps(town: Town, tmp_path: Path) -> None:
    (house,) = town.move_in(1, deposit_bolt=1)
    async with living_hub(town, tmp_path / "journal") as life:
        await life.open([house])
        assert exposure_of(life.book.homes[house.channel]).step is ExposureStep.GOOD
        seen, left = [], UBOLT_PER_BOLT
        for _ in range(30):
            now = await use(life, house, 500)
            assert now.left_ubolt < left
            left = now.left_ubolt
            if now.step not in seen:
                seen.append(now.step)
            if now.step is ExposureStep.STOPPED:
                break
        assert seen == [
            ExposureStep.GOOD,
            ExposureStep.RUNS_LOW,
            ExposureStep.LAST_DAY,
            ExposureStep.STOPPED,
        ]
        town.deposit(house, 70, number=1)
        await life.hub.follow_chain()
        assert exposure_of(life.book.homes[house.channel]).step is ExposureStep.GOOD


async def test_bills_that_nobody_signs_are_an_exposure_of_their_own(
    town: Town, tmp_path: Path
) -> None:
    silent, good = town.move_in(2)
    limit = 200_000
    async with living_hub(town, tmp_path / "journal", unsigned_limit=limit) as life:
        await life.open([silent, good])
        await use(life, good, 400)
        now = await use(life, silent, 400, pays=False)
        while now.unsigned_ubolt * 2 <= limit:
            assert now.step is ExposureStep.GOOD
            now = await use(life, silent, 400, pays=False)
        assert now.step is ExposureStep.UNSIGNED_HALF
        assert [each.channel for each in worst_first(life.book.homes.values())] == [
            silent.channel,
            good.channel,
        ]


async def test_only_homes_that_need_somebody_are_listed(town: Town, tmp_path: Path) -> None:
    poor, rich = town.move_in(1, deposit_bolt=1)[0], town.move_in(1)[0]
    async with hub_door(town, tmp_path) as door:
        for house, wh in ((poor, 6_000), (rich, 400)):
            await door.open(house)
            await door.pay(house, await door.bill(house, wh))
        answer = await door.client.get("/v1/admin/exposure", headers=BACK_OFFICE)
        (listed,) = answer.json()["homes"]
        assert answer.json()["count"] == 1
        assert listed["channel"] == "0x" + poor.channel.hex()
        assert listed["step"] in ("LAST_DAY", "STOPPED")
        assert (await door.client.get("/v1/admin/exposure")).status_code == 401
