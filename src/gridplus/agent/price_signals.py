"""Where a home's prices come from: the price events of its VEN's timeline.

A final price counts when its publisher signed it (and the chain has it, which `Ground` sees to);
indicative and forecast prices serve for planning until the final one is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from gridplus.agent.ven import Ven
from gridplus.chain.deployment import Deployment
from gridplus.digest import canonical_json
from gridplus.failures import InputError, RemoteError
from gridplus.market import PriceVersion, operating_day_bounds
from gridplus.wallet import anchor_domain, is_signed_by, published_prices_digest
from gridplus.wire import PriceEvent
from gridplus.wire.price_signals import (
    PriceSignal,
    ReportOf,
    read_price_event,
    usage_report,
)

_EPOCH = date(1970, 1, 1)


@dataclass
class VenFeed:
    """The retailer's price events as a VEN hears them; events once `taken` come no more."""

    ven: Ven
    deployment: Deployment
    events: dict[date, str] = field(default_factory=dict)
    """The OpenADR event that published a day's prices: what a report answers."""
    expected: dict[date, PriceVersion] = field(default_factory=dict)
    """Indicative and forecast prices by day, the newest of each; never for a bill."""
    refused: int = 0
    """Price events that did not hold together, or that the publisher did not sign."""
    _programs: dict[str, str] = field(default_factory=dict)
    _found: dict[bytes, PriceSignal] = field(default_factory=dict)
    _taken: set[bytes] = field(default_factory=set)

    async def fetch(self) -> tuple[PriceEvent, ...]:
        """Poll; the new final prices, oldest first. Raises Unreachable, RemoteError."""
        await self.ven.poll()
        return await self.heard()

    async def heard(self) -> tuple[PriceEvent, ...]:
        """The new final prices among what is known already, by poll or by push."""
        signals = [signal for signal in self._signals() if signal.prices.digest not in self._taken]
        if any(signal.program_id not in self._programs for signal in signals):
            self._programs = await self.ven.programs()
        found = []
        for signal in sorted(signals, key=lambda each: each.prices.known_at_s):
            prices = signal.prices
            if prices.kind != "final":
                self._expect(prices)
                continue
            self.events[prices.operating_day] = signal.event_id
            self._found[prices.digest] = signal
            program = self._programs.get(signal.program_id, signal.program_id)
            event = (len(self._taken) + 1, program, prices.operating_day, prices.digest)
            found.append(PriceEvent(*event, published_at_s=prices.known_at_s))
        return tuple(found)

    async def document(self, event: PriceEvent) -> bytes:
        """The price version that `event` names, as its canonical document."""
        return canonical_json(self._found[event.prices].prices.document())

    def taken(self, event: PriceEvent) -> None:
        """`event` needs not come again."""
        self._taken.add(event.prices)
        self._found.pop(event.prices, None)

    async def report(self, kind: str, day: date, *, net_wh: Sequence[int]) -> str | None:
        """Answer the event of `day` with USAGE or USAGE_FORECAST of its quarter hours; the
        report's id, None when no event asked. Raises Unreachable, RemoteError."""
        event_id = self.events.get(day)
        if event_id is None:
            return None
        of = ReportOf(event_id, self.ven.credentials.client_id)
        start_s, _end_s = operating_day_bounds(day)
        return await self.ven.report(usage_report(kind, net_wh, of=of, start_s=start_s))

    def expected_on(self, day: date) -> PriceVersion | None:
        """The newest indicative or forecast prices of `day`."""
        return self.expected.get(day)

    def _expect(self, prices: PriceVersion) -> None:
        known = self.expected.get(prices.operating_day)
        if known is None or known.known_at_s <= prices.known_at_s:
            self.expected[prices.operating_day] = prices

    def _signals(self) -> list[PriceSignal]:
        """The price signals of the timeline that the publisher signed."""
        found: list[PriceSignal] = []
        self.refused = 0
        for heard in self.ven.timeline.events.values():
            try:
                signal = None if heard.body is None else read_price_event(heard.body)
                if signal is not None:
                    self._require_signed(signal)
                    found.append(signal)
            except (InputError, RemoteError):
                self.refused += 1
        return found

    def _require_signed(self, signal: PriceSignal) -> None:
        prices, where = signal.prices, self.deployment
        digest = published_prices_digest(
            anchor_domain(where.chain_id, where.anchor),
            prices.digest,
            period=(prices.operating_day - _EPOCH).days,
        )
        if not is_signed_by(where.publisher, digest, signature=signal.signature):
            raise RemoteError(f"the publisher did not sign {prices}")


def own_forecast(newest: PriceVersion, day: date) -> PriceVersion:
    """Prices for `day` as on the newest day that is known, hour by hour, marked as a forecast.

    A day of another length repeats the last hour or drops it.
    """
    start_s, end_s = operating_day_bounds(day)
    known = newest.prices_ubolt_per_mwh
    count = (end_s - start_s) // newest.step_s
    return replace(
        newest,
        operating_day=day,
        kind="forecast",
        source=f"own forecast from {newest.operating_day}",
        start_s=start_s,
        prices_ubolt_per_mwh=tuple(known[min(i, len(known) - 1)] for i in range(count)),
    )
