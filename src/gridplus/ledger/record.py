"""A batch of transfers as bytes and back: what the journal keeps of the ledger."""

from collections.abc import Sequence
from datetime import date

from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError
from gridplus.ledger.chart import Account
from gridplus.ledger.transfer import Code, Transfer, TransferId

BATCH_BYTES = 1 << 26
_FIELDS = {"amount_ubolt", "code", "credit", "day", "debit", "id", "memo"}


def format_batch(batch: Sequence[Transfer]) -> bytes:
    """Canonical JSON of `batch`. One batch is one fact: its balances were judged together."""
    return canonical_json({"transfers": [_document(transfer) for transfer in batch]})


def parse_batch(data: bytes, *, what: str) -> tuple[Transfer, ...]:
    """The batch that `format_batch` wrote. Raises InputError that names `what` and the place."""
    document = parse_document(data, limit=BATCH_BYTES, what=what)
    transfers = document.get("transfers") if isinstance(document, dict) else None
    if not isinstance(transfers, list):
        raise InputError(f"{what} has no list of transfers")
    return tuple(
        _parse_transfer(item, what=f"{what}, transfer {place}")
        for place, item in enumerate(transfers, 1)
    )


def _document(transfer: Transfer) -> Document:
    return {
        "amount_ubolt": transfer.amount_ubolt,
        "code": transfer.code.value,
        "credit": transfer.credit,
        "day": transfer.day.isoformat(),
        "debit": transfer.debit,
        "id": f"0x{transfer.id.hex()}",
        "memo": transfer.memo,
    }


def _parse_transfer(item: Document, *, what: str) -> Transfer:
    if not isinstance(item, dict) or item.keys() != _FIELDS:
        raise InputError(f"{what} does not have the fields {', '.join(sorted(_FIELDS))}")
    amount, texts = item["amount_ubolt"], {k: v for k, v in item.items() if isinstance(v, str)}
    if isinstance(amount, bool) or not isinstance(amount, int) or len(texts) != len(_FIELDS) - 1:
        raise InputError(f"{what} has an amount that is no integer or a text that is none")
    try:
        return Transfer(
            id=_parse_id(texts["id"]),
            debit=Account(texts["debit"]),
            credit=Account(texts["credit"]),
            amount_ubolt=amount,
            code=Code(texts["code"]),
            day=date.fromisoformat(texts["day"]),
            memo=texts["memo"],
        )
    except ValueError as error:
        raise InputError(f"{what}: {error}") from None


def _parse_id(text: str) -> TransferId:
    found = bytes.fromhex(text.removeprefix("0x"))
    if len(found) != 32 or text != f"0x{found.hex()}":
        raise ValueError("an id is 0x and 64 lowercase hex digits")
    return TransferId(found)
