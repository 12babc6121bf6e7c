"""Many requests in one, for a home that was offline and for whoever speaks for many homes."""

from dataclasses import dataclass
from typing import ClassVar, Self, TypeAlias

from gridplus.digest import Document
from gridplus.failures import invariant
from gridplus.tariff import Fields
from gridplus.wire.message import Message
from gridplus.wire.payments import (
    Acknowledgement,
    BillOffer,
    RefusalMessage,
    SubmitRead,
    SubmitVoucher,
)

BATCH_ITEMS = 50
Item: TypeAlias = SubmitRead | SubmitVoucher
ItemAnswer: TypeAlias = BillOffer | Acknowledgement | RefusalMessage
_ITEMS: dict[str, type[Item]] = {kind.KIND: kind for kind in (SubmitRead, SubmitVoucher)}
_ANSWERS: dict[str, type[ItemAnswer]] = {
    kind.KIND: kind for kind in (BillOffer, Acknowledgement, RefusalMessage)
}


@dataclass(frozen=True, slots=True)
class SubmitBatch(Message):
    """1 to 50 reads and vouchers, taken in their order; each is as good alone."""

    items: tuple[Item, ...]
    KIND: ClassVar[str] = "gridplus.submit-batch/1"
    LIMIT: ClassVar[int] = 65_536

    def __post_init__(self) -> None:
        invariant(0 < len(self.items) <= BATCH_ITEMS, "a batch holds 1 to 50 items")

    def document(self) -> dict[str, Document]:
        return {"items": [_tagged(item) for item in self.items]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        items = []
        for item in fields.objects("items", limit=BATCH_ITEMS):
            items.append(_ITEMS[item.choice("kind", _ITEMS)].read(item))
            item.close()
        if not items:
            fields.fail("items", "must hold 1 to 50 reads and vouchers")
        return cls(tuple(items))


@dataclass(frozen=True, slots=True)
class BatchAnswer(Message):
    """What each item is answered, in their order; an item that is refused changes no other."""

    answers: tuple[ItemAnswer, ...]
    KIND: ClassVar[str] = "gridplus.batch-answer/1"
    LIMIT: ClassVar[int] = BATCH_ITEMS * Message.LIMIT

    def document(self) -> dict[str, Document]:
        return {"answers": [_tagged(answer) for answer in self.answers]}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        answers = []
        for item in fields.objects("answers", limit=BATCH_ITEMS):
            answers.append(_ANSWERS[item.choice("kind", _ANSWERS)].read(item))
            item.close()
        return cls(tuple(answers))


def _tagged(message: Message) -> dict[str, Document]:
    return {"kind": message.KIND, **message.document()}
