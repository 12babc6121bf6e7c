"""Questions about logs, and filters that remember what they have answered.

A chain that never forgets a block needs no more than the next block's number in a filter.
Source: ethereum/execution-apis, eth_getLogs and eth_newFilter.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Self

from gridplus.chain import jsonrpc
from gridplus.chain.embedded import EmbeddedChain, LogFilter
from gridplus.chain.jsonrpc import data, parse_address, parse_data, parse_quantity
from gridplus.chain.port import ChainError
from gridplus.digest import Document
from gridplus.failures import InputError

NEWEST = ("latest", "pending", "safe", "finalized")
MAX_FILTERS = 1_000
MAX_LOG_BLOCKS = 100_000


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What to look for and where; None stands for the newest block."""

    wanted: LogFilter
    from_block: int | None
    to_block: int | None

    @classmethod
    def parse(cls, value: Document, chain: EmbeddedChain) -> Self:
        """Raises InputError; ChainError for a block hash that is not there."""
        found = jsonrpc.fields(value)
        wanted = LogFilter(_addresses(found.get("address")), _topics(found.get("topics")))
        if "blockHash" in found:
            if {"fromBlock", "toBlock"} & set(found):
                raise InputError("a filter names blockHash, or fromBlock and toBlock")
            block_hash = parse_data(found["blockHash"], 32)
            number = chain.documents.block_number(block_hash)
            if number is None:
                raise ChainError(f"there is no block 0x{block_hash.hex()}")
            return cls(wanted, number, number)
        first, last = found.get("fromBlock"), found.get("toBlock")
        return cls(wanted, parse_block_number(first), parse_block_number(last))

    def find(self, chain: EmbeddedChain, *, least: int = 0) -> list[Document]:
        """The logs from block `least` on."""
        head = chain.head().number
        first = max(least, head if self.from_block is None else self.from_block)
        last = head if self.to_block is None else min(head, self.to_block)
        if last - first >= MAX_LOG_BLOCKS:
            raise InputError(f"at most {MAX_LOG_BLOCKS} blocks are searched at once")
        return chain.documents.logs(self.wanted, from_block=first, to_block=last)


@dataclass(slots=True)
class _Filter:
    """`query` is None for a filter of blocks; `next_block` has not been answered yet."""

    query: LogQuery | None
    next_block: int


class Filters:
    """Filters by number; when there are too many, the one longest unasked goes."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._made = 0
        self._filters: OrderedDict[int, _Filter] = OrderedDict()

    def add(self, query: LogQuery | None) -> int:
        """A filter of logs or, without a query, of blocks; from the next block on."""
        self._made += 1
        self._filters[self._made] = _Filter(query, self._chain.head().number + 1)
        if len(self._filters) > MAX_FILTERS:
            self._filters.popitem(last=False)
        return self._made

    def changes(self, number: int) -> list[Document]:
        """What came since the last time: logs, or hashes of blocks."""
        asked, head = self._find(number), self._chain.head().number
        first, asked.next_block = asked.next_block, head + 1
        if asked.query is None:
            return [data(self._chain.block(at).hash) for at in range(first, head + 1)]
        return LogQuery(
            asked.query.wanted, asked.query.from_block or first, asked.query.to_block
        ).find(self._chain, least=first)

    def logs(self, number: int) -> list[Document]:
        """All that a filter of logs stands for."""
        asked = self._find(number)
        if asked.query is None:
            raise InputError("a filter of blocks has no logs")
        return asked.query.find(self._chain)

    def remove(self, number: int) -> bool:
        return self._filters.pop(number, None) is not None

    def _find(self, number: int) -> _Filter:
        if number not in self._filters:
            raise ChainError("filter not found")
        self._filters.move_to_end(number)
        return self._filters[number]


def parse_block_number(tag: Document) -> int | None:
    """None stands for the newest block."""
    if tag is None or tag in NEWEST:
        return None
    return 0 if tag == "earliest" else parse_quantity(tag)


def _addresses(value: Document) -> frozenset[bytes]:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return frozenset(parse_address(one) for one in listed)


def _topics(value: Document) -> tuple[frozenset[bytes], ...]:
    """At each place a topic, a list of which any will do, or null."""
    places = [] if value is None else jsonrpc.items(value)
    listed = [
        place if isinstance(place, list) else [] if place is None else [place] for place in places
    ]
    return tuple(frozenset(parse_data(topic, 32) for topic in topics) for topics in listed)
