"""The folder where the market's postings appear: `2021-02-15-DAM.json`, `2021-02-15-RTM.json`."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from gridplus.failures import InputError
from gridplus.files import read_file
from gridplus.market import PriceVersion, parse_price_version
from gridplus.market.prices import Market
from gridplus.retailer.errors import PricesNotPostedError
from gridplus.units import format_utc, utc_from_s


class MarketFolder:
    """Final prices of one settlement point, a file per day and market."""

    def __init__(self, path: Path, *, settlement_point: str) -> None:
        self._path = path
        self._settlement_point = settlement_point

    def day_ahead(self, day: date, *, now_s: int) -> PriceVersion:
        """What cleared for `day`. Raises PricesNotPostedError when it is not there or not known
        yet, InputError when it is not the day's prices."""
        prices = self._load(day, "DAM")
        if prices is None:
            raise PricesNotPostedError(f"{self._file(day, 'DAM')} is not there yet; ask again then")
        if prices.known_at_s > now_s:
            posted = format_utc(utc_from_s(prices.known_at_s))
            raise PricesNotPostedError(f"{prices} are posted at {posted}; ask again then")
        return prices

    def real_time(self, day: date) -> PriceVersion | None:
        """Real-time prices of `day`, if they are there."""
        return self._load(day, "RTM")

    def corrected(self, day: date) -> PriceVersion | None:
        """The newest correction of `day`'s cleared prices, `2021-02-15-DAM-2.json` by its version;
        None when there is none."""
        paths = {
            int(number): path
            for path in self._path.glob(f"{day}-DAM-*.json")
            if (number := path.stem.rpartition("-")[2]).isdecimal()
        }
        return self._load_from(paths[max(paths)], day, market="DAM") if paths else None

    def newest_day_ahead(self, *, before: date, at_s: int) -> PriceVersion | None:
        """What somebody who plans for `before` knows at `at_s`: the newest earlier day's prices."""
        for day in sorted(self._days(), reverse=True):
            if day < before:
                prices = self._load(day, "DAM")
                if prices is not None and prices.known_at_s <= at_s:
                    return prices
        return None

    def _days(self) -> Iterator[date]:
        for path in self._path.glob("*-DAM.json"):
            with suppress(ValueError):
                yield date.fromisoformat(path.name.removesuffix("-DAM.json"))

    def _file(self, day: date, market: Market) -> Path:
        return self._path / f"{day}-{market}.json"

    def _load(self, day: date, market: Market) -> PriceVersion | None:
        path = self._file(day, market)
        return self._load_from(path, day, market=market) if path.exists() else None

    def _load_from(self, path: Path, day: date, *, market: Market) -> PriceVersion:
        prices = parse_price_version(read_file(path), what=str(path))
        wanted = (self._settlement_point, day, market, "final")
        if wanted != (prices.settlement_point, prices.operating_day, prices.market, prices.kind):
            raise InputError(
                f"{path} holds {prices}; final {market} prices of {day} at "
                f"{self._settlement_point} belong there"
            )
        return prices
