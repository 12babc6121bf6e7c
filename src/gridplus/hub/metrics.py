"""What the hub tells Prometheus: how fast it answers, what it refuses, what stands at risk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter_ns

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from gridplus.hub.standing import Standing

CONTENT_TYPE = CONTENT_TYPE_LATEST
NS_A_SECOND = 1_000_000_000
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_GAUGES = {
    "homes": "homes with a channel",
    "stopped": "homes that get nothing more until they pay or deposit",
    "leaving": "homes whose exit has started",
    "unsigned": "µBOLT billed without a durable voucher",
    "largest_unsigned": "µBOLT billed without a durable voucher, of the home with the most",
    "unclaimed": "µBOLT of durable vouchers that the chain has not paid",
    "oldest_unclaimed_s": "when the oldest interval began that the chain has not paid in full",
    "unposted": "µBOLT of credits that the chain does not know",
    "payable": "µBOLT of credits that the vault would pay today",
}


class Metrics:
    """Counted as it happens; how the hub stands is asked when somebody looks."""

    def __init__(self, standing: Callable[[], Standing], waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_StandingCollector(standing, waiting))
        self._seconds = Histogram(
            "gridplus_hub_answer_seconds",
            "from the first byte of a request to its answer, durable where it says so",
            ["request"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._timed: dict[str, Histogram] = {}
        self._refused = Counter(
            "gridplus_hub_refusals", "requests refused, by name", ["name"], registry=self._registry
        )

        self._claims = early_claims(self._registry)

    @contextmanager
    def timed(self, request: str) -> Iterator[None]:
        """Count one request of this kind and how long it took, however it ends."""
        began_ns = perf_counter_ns()
        try:
            yield
        finally:
            self.answered(request, perf_counter_ns() - began_ns)

    def answered(self, request: str, taken_ns: int) -> None:
        timed = self._timed.get(request)
        if timed is None:
            timed = self._timed[request] = self._seconds.labels(request)
        timed.observe(taken_ns / NS_A_SECOND)

    def refused(self, name: str) -> None:
        self._refused.labels(name).inc()

    def claimed(self, reason: str) -> None:
        self._claims.labels(reason).inc()

    def text(self) -> bytes:
        """The page that Prometheus reads."""
        return generate_latest(self._registry)


class ShardMetrics:
    """What the coordinator of shards tells: all that they tell, with the shard as a label, and
    which of them it reaches."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._claims = early_claims(self._registry)
        self._restarts = Counter(
            "gridplus_hub_shard_restarts",
            "shards that ended and were started again",
            ["shard"],
            registry=self._registry,
        )

    def claimed(self, reason: str) -> None:
        self._claims.labels(reason).inc()

    def restarted(self, index: int) -> None:
        self._restarts.labels(str(index)).inc()

    def text(self, told: Mapping[int, bytes], count: int) -> bytes:
        """The page that Prometheus reads; `told` are the pages of the shards that are reached."""
        up = GaugeMetricFamily("gridplus_hub_shard_up", "1: it answers", labels=["shard"])
        families = dict[str, Metric]()
        for index in range(count):
            up.add_metric([str(index)], index in told)
            page = text_string_to_metric_families(told.get(index, b"").decode())
            for family in (each for each in page if each.samples):
                known = families.setdefault(family.name, family)
                samples = [_of_shard(sample, index) for sample in family.samples]
                known.samples = samples if known is family else known.samples + samples
        pages = CollectorRegistry()
        pages.register(_Families([up, *families.values()]))
        return generate_latest(self._registry) + generate_latest(pages)


def early_claims(registry: CollectorRegistry) -> Counter:
    return Counter(
        "gridplus_hub_early_claims",
        "claims before the day was closed, by reason",
        ["reason"],
        registry=registry,
    )


def _of_shard(sample: Sample, index: int) -> Sample:
    return sample._replace(labels={"shard": str(index), **sample.labels})


class _Families(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


class _StandingCollector(Collector):
    def __init__(self, standing: Callable[[], Standing], waiting: Callable[[], int]) -> None:
        self._standing = standing
        self._waiting = waiting

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = self._standing()
        for field, meaning in _GAUGES.items():
            value = getattr(now, field)
            if value is not None:
                yield GaugeMetricFamily(f"gridplus_hub_{field}", meaning, value=value)
        yield GaugeMetricFamily(
            "gridplus_hub_waiting", "callers whose facts are not durable yet", value=self._waiting()
        )
