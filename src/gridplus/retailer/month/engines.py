"""Where jobs run: here, in processes of this machine, or on Dask. The job is the same function."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from typing import NamedTuple

from gridplus.failures import InputError
from gridplus.retailer.month.files import Job, RatedFile, rate_file


class Where(NamedTuple):
    """How many processes; or the address of a Dask scheduler that runs already."""

    workers: int
    address: str | None


Engine = Callable[[Sequence[Job], Where], Iterable[RatedFile]]


def run_jobs(
    jobs: Sequence[Job], *, engine: str = "here", workers: int = 2, address: str | None = None
) -> list[RatedFile]:
    """What became of each job, in their order. `address` is of a Dask scheduler that runs already
    and shares the files' file system; without one, Dask makes `workers` processes of its own.

    Raises InputError for an engine that is not known or not installed, and for an address that
    the engine does not take.
    """
    if engine not in ENGINES:
        raise InputError(f"no engine {engine!r}; known are {', '.join(ENGINES)}")
    if address is not None and engine != "dask":
        raise InputError(f"engine {engine!r} takes no scheduler's address; name the engine dask")
    return list(ENGINES[engine](jobs, Where(workers, address)))


def _here(jobs: Sequence[Job], _where: Where) -> Iterable[RatedFile]:
    return map(rate_file, jobs)


def _processes(jobs: Sequence[Job], where: Where) -> Iterable[RatedFile]:
    with ProcessPoolExecutor(where.workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(rate_file, jobs))


def _dask(jobs: Sequence[Job], where: Where) -> Iterable[RatedFile]:
    try:
        dask, distributed = import_module("dask"), import_module("distributed")
    except ImportError:
        raise InputError("Dask is not installed: pip install gridplus[scale]") from None
    tasks = [dask.delayed(rate_file)(job) for job in jobs]
    if where.address is None:
        return list(dask.compute(*tasks, scheduler="processes", num_workers=where.workers))
    with distributed.Client(where.address) as client:
        return list(client.gather(client.compute(tasks)))


ENGINES: dict[str, Engine] = {"here": _here, "processes": _processes, "dask": _dask}
