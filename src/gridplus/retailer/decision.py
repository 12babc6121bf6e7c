"""That earlier bills of some homes were not right, and with which inputs they would have been."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from gridplus.digest import Document
from gridplus.tariff import Cause, Fields, format_octets
from gridplus.wallet import ChannelId
from gridplus.wire import OrderRestatement, RightInputs

_MOST_HOMES = 1_000_000


@dataclass(frozen=True, slots=True)
class Decision:
    """The same inputs for every home of `channels`: one order each, always the same ones."""

    cause: Cause
    decided_at_s: int
    channels: tuple[ChannelId, ...]
    inputs: tuple[RightInputs, ...]

    @property
    def orders(self) -> Iterator[OrderRestatement]:
        for channel in self.channels:
            yield OrderRestatement(channel, self.cause, self.decided_at_s, self.inputs)

    def says(self, other: "Decision") -> bool:
        """Whether `other` is this decision, made again later."""
        mine = (self.cause, self.channels, self.inputs)
        return mine == (other.cause, other.channels, other.inputs)

    def document(self) -> dict[str, Document]:
        order = next(self.orders).document()
        del order["channel"]
        return {"channels": [format_octets(channel) for channel in self.channels], "order": order}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Raises InputError that names the field."""
        named = fields.texts("channels", limit=_MOST_HOMES)
        found = Fields({str(i): channel for i, channel in enumerate(named)}, fields.where)
        channels = tuple(ChannelId(found.octets(str(i), 32)) for i in range(len(named)))
        order = fields.take("order")
        fields.close()
        if not channels or not isinstance(order, dict):
            fields.fail("channels", "must name a home, and order what is restated for it")
        told = Fields({**order, "channel": format_octets(channels[0])}, fields.where)
        first = OrderRestatement.read(told)
        told.close()
        return cls(first.cause, first.decided_at_s, channels, first.inputs)
