"""The VTN's own OpenAPI description."""

from functools import lru_cache

from gridplus.signals import format_json
from gridplus.signals.openapi import openapi


@lru_cache(maxsize=1)
def description() -> bytes:
    """The description as JSON."""
    return format_json(openapi())
