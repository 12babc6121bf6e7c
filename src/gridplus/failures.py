"""Three kinds of failure: a refusal is returned, an error is raised, a bug crashes.

Refusals live with the protocol that returns them (an ordered enum). Errors are the classes below:
each message says what was wrong, where, and what to do. A bug is `Bug`, raised by `invariant`.
"""


class GridPlusError(Exception):
    """The world failed us: bad input, a full disk, a node that is down. No traceback is shown."""


class InputError(GridPlusError):
    """Something that came from outside cannot be read; the message names the place and the mend."""


class StorageError(GridPlusError):
    """A durable store refused a write or holds what it should not."""


class RemoteError(GridPlusError):
    """Another process answered with what the protocol forbids, or did not answer."""


class Bug(Exception):  # noqa: N818 - deliberately not an Error: nobody handles it
    """A promise of our own code was broken. Never caught, so that nothing is half-applied."""


def invariant(condition: bool, sentence: str) -> None:
    """Crash with `sentence` (which says why it must hold) unless `condition` is true."""
    if not condition:
        raise Bug(sentence)
