"""A service that follows logs, for tests: what it holds is what it journaled."""

from dataclasses import dataclass, field

from gridplus.chain import Chain, Log
from gridplus.chain.follower import Cursor, Step, Watch, follow
from gridplus.digest import canonical_json, parse_document


@dataclass
class Reader:
    """Fails when a log comes twice, or one is undone that never came."""

    watches: tuple[Watch, ...]
    journaled: bytes = canonical_json(Cursor(0).document())
    values: list[int] = field(default_factory=list)
    held: dict[tuple[bytes, int], Log] = field(default_factory=dict)

    def step(self, chain: Chain, *, blocks: int = 1_000, dies: bool = False) -> Step:
        cursor = Cursor.parse(parse_document(self.journaled, limit=10**6, what="cursor"))
        step = follow(chain, self.watches, cursor=cursor, max_blocks=blocks)
        if not dies:
            for log in step.undone:
                del self.held[(log.block_hash, log.index)]
            for log in step.logs:
                assert (log.block_hash, log.index) not in self.held
                self.held[(log.block_hash, log.index)] = log
            self.journaled = canonical_json(step.cursor.document())
        return step

    @property
    def added(self) -> list[int]:
        """What the adders were sent, in the order of the chain."""
        logs = sorted(self.held.values(), key=lambda log: (log.block_number, log.index))
        return [int.from_bytes(log.topics[1], "big") for log in logs]
