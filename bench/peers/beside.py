"""Ours beside the peers: gas of each step with its ratio, and dollars of a household-month."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from peers import machinomy, nitro, one_to_n, openzeppelin, raiden, safe, vector
from peers.ground import ENVELOPE, Cost, Ground
from peers.installed import (
    MACHINOMY,
    NITRO,
    OPENZEPPELIN,
    RAIDEN,
    SAFE,
    VECTOR,
    NotInstalled,
    Package,
    installed,
)

Steps: TypeAlias = Mapping[str, Cost]
Found: TypeAlias = Mapping[str, Steps | str]
"""By peer: its steps, or why they were not measured."""
NONE = "none"
ETHER_DOLLARS = 3_000
QUIET_GWEI, BUSY_GWEI, L2_GWEI, BLOB_GWEI = 1, 20, 0.01, 1
BLOB_GAS, BLOB_BYTES = 131_072, 4_096 * 31
"""Of a blob; a field element carries 31 free bytes. Source: EIP-4844."""

CHANNELS: Mapping[str, tuple[Package, Callable[[Ground], Steps]]] = {
    "Raiden, channel": (RAIDEN, raiden.measure),
    "Raiden, one-to-n": (RAIDEN, one_to_n.measure),
    "Vector, a contract a home": (VECTOR, vector.measure),
    "Nitro, a channel a month": (NITRO, nitro.measure),
    "Machinomy, a channel a month": (MACHINOMY, machinomy.measure),
}
PAYMENTS: Mapping[str, tuple[Package, Callable[[Ground], Steps]]] = {
    "2-of-3 Safe pays": (SAFE, safe.measure),
    "Safe pulls from 200 homes": (SAFE, safe.measure_pull),
    "ERC-20 transfer": (OPENZEPPELIN, openzeppelin.measure_transfer),
    "ERC-2612 permit, transferFrom": (OPENZEPPELIN, openzeppelin.measure_permit),
    "ERC-3009, relayed": (OPENZEPPELIN, openzeppelin.measure_authorization),
}
"""No channel: a payment on chain each month."""

STEPS = (
    "open",
    "top-up",
    "claim",
    "claim in a batch",
    "month",
    "close together",
    "exit alone",
    "answer to an exit",
)
"""Of a channel. A month is a top-up by the home and a claim, the cheapest that there is."""
FOUNDED = "created per home"
PAID_OUT = "paid out by two of three"
FUSED = "month, topped up in the claim"
"""Ours alone."""


def _ours(figures: Steps) -> dict[str, Cost]:
    """Ours, of single transactions without their envelopes, under the names of the steps."""
    lone = {name: Cost(cost.gas, cost.size + ENVELOPE) for name, cost in figures.items()}
    batch = lone["claim, 200 homes"].each_of(200)
    month = figures["top-up + claim, a home of 200"]
    exit_alone = lone["exit, owner"]
    return {
        FOUNDED: Cost(0, 0),
        "open": lone["deposit (open)"],
        "top-up": lone["deposit (top-up)"],
        "claim": lone["claim, 1 homes"],
        "claim in a batch": batch,
        "month": lone["deposit (top-up)"] + batch,
        FUSED: Cost(month.gas, month.size + ENVELOPE / 200),
        PAID_OUT: lone["close, two keys"],
        "close together": lone["close, owner"],
        "exit alone": Cost(exit_alone.gas, exit_alone.size + ENVELOPE),
        "answer to an exit": lone["claim, 1 homes"],
    }


def tables(figures: Steps) -> str:
    """Both tables, as they are printed and as they stand in the docs; `figures` are ours."""
    ours = _ours(figures)
    channels: Found = {name: _measured(*peer) for name, peer in CHANNELS.items()}
    everything = {**channels, **{name: _measured(*peer) for name, peer in PAYMENTS.items()}}
    return "\n".join([*_gas(ours, channels, everything), "", *_dollars(ours, everything)])


def write(text: str, page: Path) -> None:
    """Put the tables between the marks that `page` has for them."""
    found, begin, end = page.read_text(), "<!-- peers -->\n", "<!-- end of peers -->"
    mark = re.compile(f"(?<={begin}).*(?={end})", re.DOTALL)
    if not mark.search(found):
        raise SystemExit(f"{page} has no {begin.strip()} and {end} after it")
    page.write_text(mark.sub(lambda _: f"```\n{text}\n```\n", found))


def _measured(package: Package, measure: Callable[[Ground], Steps]) -> Steps | str:
    """A peer's steps, or why there are none."""
    try:
        installed(package)
        return measure(Ground())
    except NotInstalled as why:
        return f"not measured: {why}"


def _gas(ours: Steps, channels: Found, everything: Found) -> Iterator[str]:
    yield f"{'gas':<32}{'ours':>9}   {'beside it':<32}{'its':>9}{'ours/its':>10}"
    for step in STEPS:
        yield from _row(step, ours[step], peers=_each(channels, step))
    yield from _row(FUSED, ours[FUSED], peers=_each(everything, "month"))
    safe, own = {"2-of-3 Safe": everything["2-of-3 Safe pays"]}, "Vector, a contract a home"
    founded = {own: channels[own]} | safe
    yield from _row(FOUNDED, ours[FOUNDED], peers=_each(founded, FOUNDED))
    yield from _row(PAID_OUT, ours[PAID_OUT], peers=_each(safe, PAID_OUT))


def _each(peers: Found, name: str) -> dict[str, Cost | str]:
    return {peer: _of(found, name) for peer, found in peers.items()}


def _of(found: Steps | str, name: str) -> Cost | str:
    return found if isinstance(found, str) else found.get(name, NONE)


def _row(step: str, ours: Cost, *, peers: Mapping[str, Cost | str]) -> Iterator[str]:
    left = f"{step:<32}{ours.gas:>9,.0f}"
    for peer, cost in peers.items():
        if isinstance(cost, str):
            yield f"{left:<41}   {peer:<32}{cost:>9}"
        else:
            yield f"{left:<41}   {peer:<32}{cost.gas:>9,.0f}{ours.gas / cost.gas:>10.2f}"
        left = ""


def _dollars(ours: Steps, peers: Found) -> Iterator[str]:
    quiet, busy = f"L1, {QUIET_GWEI} gwei", f"L1, {BUSY_GWEI} gwei"
    named = f"{'dollars of a household-month':<32}{'gas':>9}{'bytes':>7}"
    yield f"{named}{quiet:>13}{busy:>13}{'L2, gas':>10}{'L2, data':>10}"
    yield _dollar_row("ours, topped up in the claim", ours[FUSED])
    yield _dollar_row("ours, the home tops up", ours["month"])
    for peer, found in peers.items():
        cost = _of(found, "month")
        yield f"{peer:<32}{cost}" if isinstance(cost, str) else _dollar_row(peer, cost)
    yield f"1 ETH = {ETHER_DOLLARS:,} dollars. L2: {L2_GWEI} gwei a gas; its data in full blobs,"
    yield f"uncompressed, at {BLOB_GWEI} gwei a blob gas; without the operator's margin."


def _dollar_row(name: str, cost: Cost) -> str:
    gwei = ETHER_DOLLARS / 10**9
    data = cost.size * BLOB_GAS / BLOB_BYTES * BLOB_GWEI
    return (
        f"{name:<32}{cost.gas:>9,.0f}{cost.size:>7,.0f}"
        f"{cost.gas * QUIET_GWEI * gwei:>13.4f}{cost.gas * BUSY_GWEI * gwei:>13.4f}"
        f"{cost.gas * L2_GWEI * gwei:>10.5f}{data * gwei:>10.5f}"
    )
