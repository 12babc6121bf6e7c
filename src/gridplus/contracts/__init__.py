"""The money on chain: contracts, typed calls to them, and their logs.

`calls` builds calldata for token, vault and anchor and decodes answers, `home_calls` is what a
home's keys decide; each contract beside them has a module of its own. `parse_log` reads what
happened, `ChannelWord` is a home's storage slot. The sources (.vy) are compiled by
tools/compile_contracts.py; their interfaces (.vyi) are the manual and say what stays on trust.
"""

from gridplus.contracts import (
    bolt_wrapper,
    calls,
    home_calls,
    kwh_credits,
    logs,
    registry,
    reserve_feed,
    vault_factory,
)
from gridplus.contracts.abi import View
from gridplus.contracts.artifacts import Artifact, artifact, code_hashes
from gridplus.contracts.logs import Log, parse_log
from gridplus.contracts.word import ChannelWord, ExitKind, exit_hour_of

__all__ = [
    "Artifact",
    "ChannelWord",
    "ExitKind",
    "Log",
    "View",
    "artifact",
    "bolt_wrapper",
    "calls",
    "code_hashes",
    "exit_hour_of",
    "home_calls",
    "kwh_credits",
    "logs",
    "parse_log",
    "registry",
    "reserve_feed",
    "vault_factory",
]
