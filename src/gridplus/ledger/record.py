"""A batch of transfers as bytes and back: what the journal keeps of the ledger.

    "gridplus.ledger/1" 0x00 | u32 size of the texts | texts, each ended by 0x00 | rows
    row: id 32 | resolves 32, zeros for none | u64 amount | u32 text of each: debit, credit, code,
    day, memo, phase

Big-endian. Every text stands once, in the order of its first use, so that a batch has one record,
and its rows are read at the speed of `struct`.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812

from gridplus.failures import InputError, invariant
from gridplus.ledger.chart import Account
from gridplus.ledger.transfer import Code, Phase, Transfer, TransferId

BATCH_BYTES = 1 << 26
_MARK = b"gridplus.ledger/1\0"
_SIZE = Struct(">I")
_ROW = Struct(">32s32sQ6I")
_NONE = bytes(32)
_CODES = {code.value: code for code in Code}
_PHASES = {phase.value: phase for phase in Phase}
_day = lru_cache(maxsize=4_096)(date.fromisoformat)


def format_batch(batch: Sequence[Transfer]) -> bytes:
    """The record of `batch`. One batch is one fact: its balances were judged together."""
    places: dict[str, int] = {}
    rows = [
        _ROW.pack(
            transfer.id,
            transfer.resolves or _NONE,
            transfer.amount_ubolt,
            *(places.setdefault(text, len(places)) for text in _texts(transfer)),
        )
        for transfer in batch
    ]
    texts = "".join(f"{text}\0" for text in places).encode()
    invariant(texts.count(b"\0") == len(places), "no text of a transfer holds a zero byte")
    return b"".join((_MARK, _SIZE.pack(len(texts)), texts, *rows))


def parse_batch(data: bytes, *, what: str) -> tuple[Transfer, ...]:
    """The batch that `format_batch` wrote. Raises InputError that names `what` and the place."""
    if len(data) > BATCH_BYTES or not data.startswith(_MARK):
        raise InputError(f"{what} is not a batch of the ledger of at most {BATCH_BYTES} bytes")
    batch: list[Transfer] = []
    try:
        (size,) = _SIZE.unpack_from(data, len(_MARK))
        begin = len(_MARK) + _SIZE.size
        texts = data[begin : begin + size].decode().split("\0")
        for row in _ROW.iter_unpack(data[begin + size :]):
            identity, resolves, amount_ubolt, debit, credit, code, day, memo, phase = row
            batch.append(
                Transfer(
                    TransferId(identity),
                    Account(texts[debit]),
                    Account(texts[credit]),
                    amount_ubolt,
                    _CODES[texts[code]],
                    _day(texts[day]),
                    texts[memo],
                    _PHASES[texts[phase]],
                    None if resolves == _NONE else TransferId(resolves),
                )
            )
    except (StructError, LookupError, ValueError) as error:
        raise InputError(
            f"{what}, transfer {len(batch) + 1}, cannot be read: {error}; restore a copy"
        ) from None
    return tuple(batch)


def _texts(transfer: Transfer) -> tuple[str, ...]:
    _, debit, credit, _, code, day, memo, phase, _ = transfer
    return debit, credit, code, day.isoformat(), memo, phase
