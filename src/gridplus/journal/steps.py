"""How a store's tables became what they are, one step a version, each with its way back."""

from collections.abc import Sequence
from dataclasses import dataclass

from gridplus.failures import InputError, StorageError


@dataclass(frozen=True, slots=True)
class Step:
    """SQL from the version before to this one, and back. No step changes a fact."""

    up: str
    down: str


def way(steps: Sequence[Step], *, found: int, wanted: int | None, place: str) -> tuple[str, int]:
    """The SQL from version `found` to `wanted` (None: the newest known), and the version then.

    Raises StorageError for tables of a newer version, InputError for a version that is not known.
    """
    newest = len(steps)
    if found > newest:
        raise StorageError(
            f"{place}: its schema is {found}, this version knows {newest}; with the newer version "
            f"run: gridplus journal migrate --to {newest}"
        )
    if wanted is None:
        wanted = newest
    if not 1 <= wanted <= newest:
        raise InputError(f"a journal's schema is 1 to {newest}, not {wanted}")
    ups = [step.up for step in steps[found:wanted]]
    downs = [step.down for step in reversed(steps[wanted:found])]
    return "\n".join(ups + downs), wanted
