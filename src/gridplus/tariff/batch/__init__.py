"""Many homes rated at once: a row per home and local day, int64 in, int64 out, the same integers
as `tariff.rate`."""

from gridplus.tariff.batch.columns import Exact, Flows, Integers, Standing
from gridplus.tariff.batch.parts import require_batch
from gridplus.tariff.batch.rate_day import RatedDay, interval_lines, rate_day

__all__ = [
    "Exact",
    "Flows",
    "Integers",
    "RatedDay",
    "Standing",
    "interval_lines",
    "rate_day",
    "require_batch",
]
