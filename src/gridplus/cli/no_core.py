"""A process that may hold keys leaves no core file, and shows nobody its memory."""

import ctypes
import resource
import sys

_SET_DUMPABLE = 4
"""PR_SET_DUMPABLE of Linux's prctl: 0 is no core file, and no debugger of the same user."""


def leave_no_core() -> None:
    """From now on, for this process; those it starts leave no core file either."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
