"""Where an MQTT broker is, as a URI says it."""

import re
from dataclasses import dataclass, field
from typing import Final, Self

from gridplus.failures import InputError

_PORTS: Final = {"mqtt": 1_883, "mqtts": 8_883}
_MOST_PORT: Final = 65_535
_URI: Final = re.compile(
    r"(mqtts?)://(?:([^:@/]+)(?::([^@/]*))?@)?(?:\[([0-9a-fA-F:.]+)\]|([^:@/\[\]\s]+))"
    r"(?::([0-9]{1,5}))?/?"
)


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """`secured`: over TLS. Without a `user` nobody is named."""

    host: str
    port: int
    secured: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Raises InputError, which tells nothing of a password."""
        found = _URI.fullmatch(uri)
        port = 0 if found is None else int(found[6] or _PORTS[found[1]])
        if found is None or not 0 < port <= _MOST_PORT:
            shown = uri.rpartition("@")[2]
            raise InputError(f"{shown!r} is no broker; write it like mqtt://127.0.0.1:1883")
        return cls(found[4] or found[5], port, found[1] == "mqtts", found[2], found[3])
