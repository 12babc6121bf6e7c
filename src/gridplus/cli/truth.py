"""The chain that bills are compared with: a node, or the file beside the bills."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridplus.chain import Chain, RpcChain
from gridplus.chain.deployment import Deployment
from gridplus.clock import SystemClock
from gridplus.failures import InputError


@contextmanager
def open_chain(
    bill: Path, *, deployment: Path | None, rpc: str | None
) -> Iterator[tuple[Chain, Deployment]]:
    """A chain to read from, and what is deployed there."""
    beside = bill.resolve().parent.parent
    deployed = Deployment.load(deployment or beside / "deployment.json")
    if rpc is not None:
        with RpcChain(rpc) as remote:
            yield remote, deployed
        return
    state = beside / "chain" / "chain.sqlite"
    if not state.is_file():
        raise InputError(f"there is no chain file {state}; name a node with --rpc URL")
    from gridplus.chain.embedded import EmbeddedChain, Genesis

    with EmbeddedChain(state, SystemClock(), genesis=Genesis(deployed.chain_id, {})) as chain:
        yield chain, deployed
