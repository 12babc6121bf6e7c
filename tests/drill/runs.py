"""Each pair of keys taken, the one after the other and together; what it cost, as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.contracts.street import BOLT, DAY_S
from tests.drill.scene import (
    DEPOSIT,
    KEYS,
    POOL,
    THIEF,
    UNMINTED,
    Scene,
    answer,
    attack,
    new_scene,
)

LAST_DAY = 32
APART_DAYS = 3
"""So long after the first key the second is taken, where they are not taken together."""


@dataclass(frozen=True)
class Loss:
    """What a theft came to, in BOLT; `day` is the one on which the home's deposit went."""

    home: int
    day: int | None
    to_retailer: int
    pool: int
    minted: int
    wrong_roots: int

    def __str__(self) -> str:
        told = [
            f"**home, day {self.day}**" if self.home else "",
            f"{self.to_retailer} paid" if self.to_retailer else "",
            f"pool {100 * self.pool // (POOL // BOLT + self.to_retailer)} %" if self.pool else "",
            "minted" if 0 < self.minted <= UNMINTED // BOLT else "",
            "**minted at will**" if self.minted > UNMINTED // BOLT else "",
            "a root" if self.wrong_roots else "",
        ]
        return ", ".join(filter(None, told)) or "–"


def taken(*thefts: tuple[int, Iterable[str]], copies: Iterable[str] = ()) -> Loss:
    """Keys taken on days; what it came to in the end. Raises AssertionError when the vault's
    tokens are not the headrooms and the pool."""
    scene, days = new_scene(), dict(thefts)
    minted_before = scene.street.balance(THIEF.address)
    for scene.day in range(LAST_DAY):
        names = set(days.get(scene.day, ()))
        scene.held |= names
        scene.copies |= names & set(copies)
        attack(scene)
        if scene.held and (not names or "thief" in scene.told):
            answer(scene)
        scene.street.evm.pass_time(DAY_S)
    return _loss(scene, minted_before)


def _loss(scene: Scene, minted_before: int) -> Loss:
    street = scene.street
    assert street.unaccounted(scene.home, scene.own) == 0
    return Loss(
        home=(DEPOSIT - scene.headroom - scene.to_retailer) // BOLT,
        day=scene.lost_on,
        to_retailer=scene.to_retailer // BOLT,
        pool=(POOL + scene.to_retailer - street.pool()) // BOLT,
        minted=(street.balance(THIEF.address) - minted_before) // BOLT,
        wrong_roots=scene.wrong_roots,
    )


def in_turn(first: str, second: str) -> Loss:
    """The second key three days after the first; the same twice is one key alone."""
    if first == second:
        return taken((0, [first]))
    return taken((0, [first]), (APART_DAYS, [second]))


def together(first: str, second: str) -> Loss:
    return taken((0, {first, second}))


def table(rows: Sequence[str], columns: Sequence[str], *, at_once: bool) -> str:
    """Markdown: the first key down, the second across."""
    run = together if at_once else in_turn
    lines = [f"| taken | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for first in rows:
        cells = (
            "" if at_once and KEYS.index(second) <= KEYS.index(first) else str(run(first, second))
            for second in columns
        )
        lines.append(f"| {first} | {' | '.join(cells)} |")
    return "\n".join(lines)
