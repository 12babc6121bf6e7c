"""The planner as an agent of CityLearn: `predict(observations) -> actions`.

    agent = GridPlusAgent(env.observation_names, [battery] * len(env.buildings))
    actions = agent.predict(observations)       # each hour; a fraction of the capacity, -1 to 1

It imports nothing of CityLearn. It reads the hour's price, load, sun and state of charge by the
names that CityLearn gives its observations, expects each coming hour to be as it was at that time
of the last days, and plans the next day at the prices it has seen at each hour. Run as a program it
drives the homes of this repository through some days, hour by hour, and prints what that saved.

    python examples/citylearn_agent.py [--homes 2] [--days 7]
"""

import argparse
from collections.abc import Sequence
from datetime import date, timedelta

from gridplus.demo.street_data import day_ahead_prices, home_series
from gridplus.market import operating_day_intervals
from gridplus.planner import Battery, Outlook, bill_abolt, plan_battery

HOURS = 24
HOUR_S = 3_600
PAST_DAYS = 7
ABOLT_PER_DOLLAR = 10**18
ABOLT_PER_WH = 10**15  # 1 $/kWh
EXPORT_SHARE = 0.5
"""What feeding in is assumed to earn of the price; CityLearn has one price alone."""
READ = ("electricity_pricing", "non_shiftable_load", "solar_generation", "electrical_storage_soc")


class GridPlusAgent:
    """One battery for each building, each planned for itself."""

    def __init__(
        self, observation_names: Sequence[Sequence[str]], batteries: Sequence[Battery]
    ) -> None:
        self._places = [[names.index(name) for name in READ] for names in observation_names]
        self._batteries = batteries
        self._past: list[list[tuple[float, float]]] = [[] for _ in batteries]

    def predict(
        self, observations: Sequence[Sequence[float]], deterministic: bool | None = None
    ) -> list[list[float]]:
        """The action of each building for the coming hour."""
        return [
            [self._act(at, [seen[place] for place in self._places[at]])]
            for at, seen in enumerate(observations)
        ]

    def _act(self, at: int, seen: Sequence[float]) -> float:
        price, load_kwh, sun_kwh, soc = seen
        past, battery = self._past[at], self._batteries[at]
        past.append((price, load_kwh - sun_kwh))
        hours = [self._expected(past, ahead) for ahead in range(1, HOURS + 1)]
        outlook = Outlook(
            [(round(p * ABOLT_PER_WH), round(p * EXPORT_SHARE * ABOLT_PER_WH)) for p, _ in hours],
            [round(net_kwh * 1_000) for _, net_kwh in hours],
            HOUR_S,
        )
        stored_uwh = min(round(soc * battery.capacity_uwh), battery.capacity_uwh)
        end_wh = max(battery.reserve_wh, battery.capacity_wh // 4)
        step = plan_battery(battery, outlook, stored_uwh=stored_uwh, end_wh=end_wh).steps[0]
        return (step.charge_wh - step.discharge_wh) / battery.capacity_wh

    @staticmethod
    def _expected(past: Sequence[tuple[float, float]], ahead: int) -> tuple[float, float]:
        """(price, net load) of the hour that comes `ahead`: as at that time of the last days."""
        same = [past[i] for i in range(len(past) - 1 + ahead - HOURS, -1, -HOURS)][:PAST_DAYS]
        same = same or [past[-1]]
        price = max(0.0, same[0][0])
        return price, sum(net_kwh for _, net_kwh in same) / len(same)


def drive(number: int, days: int) -> tuple[int, int]:
    """(bill without a battery, bill with the agent's), in aBOLT, over `days` from 2021-08-02 on.

    The agent is asked before each hour and has seen the hour before, as in CityLearn.
    """
    battery = Battery(6_400, 5_000, 948_683, 948_683, 640, 10_000_000)
    agent = GridPlusAgent([READ], [battery])
    stored_uwh = battery.reserve_uwh
    prices: list[tuple[int, int]] = []
    without_wh, with_wh, soc = [], [], stored_uwh / battery.capacity_uwh
    action = 0.0
    for day in (date(2021, 8, 2) + timedelta(at) for at in range(days)):
        version = day_ahead_prices(day)
        for hour in operating_day_intervals(day, length_s=HOUR_S):
            window = home_series(number).window(hour.start_s, hour.end_s)
            load_wh, sun_wh = (int(energies.sum()) for energies in window)
            price = max(0, version.price_at(hour)) / 1e9 + 0.05
            wish_wh = round(action * battery.capacity_wh)
            limit_wh = battery.limit_wh(HOUR_S)
            charge_wh = min(max(wish_wh, 0), limit_wh, battery.room_wh(stored_uwh))
            spare_uwh = max(0, stored_uwh - battery.reserve_uwh)
            give_wh = min(max(-wish_wh, 0), limit_wh, battery.yield_wh(spare_uwh))
            stored_uwh = battery.after(stored_uwh, charge_wh=charge_wh, discharge_wh=give_wh)
            soc = stored_uwh / battery.capacity_uwh
            price_abolt = round(price * ABOLT_PER_WH)
            prices.append((price_abolt, round(price_abolt * EXPORT_SHARE)))
            without_wh.append(load_wh - sun_wh)
            with_wh.append(load_wh - sun_wh + charge_wh - give_wh)
            ((action,),) = agent.predict([[price, load_wh / 1_000, sun_wh / 1_000, soc]])
    outlook = Outlook(prices, without_wh, HOUR_S)
    return bill_abolt(outlook, without_wh), bill_abolt(outlook, with_wh)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, default=2, help="1 to 17")
    parser.add_argument("--days", type=int, default=7)
    asked = parser.parse_args()
    for number in range(1, asked.homes + 1):
        without, with_agent = drive(number, asked.days)
        print(
            f"home {number}: {without / ABOLT_PER_DOLLAR:.2f} $ without a battery, "
            f"{with_agent / ABOLT_PER_DOLLAR:.2f} $ with the agent's"
        )


if __name__ == "__main__":
    main()
