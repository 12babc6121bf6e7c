"""The hub's configuration file."""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from gridplus.chain import USUAL_FEES, FeeRules
from gridplus.chain.fee_terms import fee_rules
from gridplus.failures import InputError
from gridplus.hub.claim_policy import USUAL_CLAIMS, ClaimPolicy
from gridplus.hub.line import LineConfig
from gridplus.hub.places import ShardPlace
from gridplus.hub.shard import MOST_SHARDS, Shard
from gridplus.journal import JournalPlace, journal_part, journal_place
from gridplus.keystore import read_token
from gridplus.tariff import Fields
from gridplus.wire import PORT_MAX


@dataclass(frozen=True, slots=True)
class HubConfig:
    """Paths are relative to the file. `journal` is a file, or the URL of a PostgreSQL database
    whose password lies in the file `journal_password`; `journal_page_limit` bounds a file, in pages
    of 4 KiB. `clock` names a clock file, for a time that is not now; a block is final after
    `confirmations` more, or when the node says so; `fees` is what its claims may cost, `claims`
    when they do not wait for the day's end; homes stay connected on `stream_port`, a free one when
    it is 0; `notices` is the folder from which the retailer's mail tells owner and guardian of an
    order of two keys; `places` is where those of its `shards` are that it does not start."""

    file: Path
    journal: JournalPlace
    deployment: Path
    keys: Path
    admin_token: Path
    chain_url: str
    retailer_url: str
    key_name: str
    unsigned_limit_ubolt: int
    clock: Path | None = None
    confirmations: int | None = None
    journal_page_limit: int | None = None
    fees: FeeRules = USUAL_FEES
    line: LineConfig | None = None
    claims: ClaimPolicy = USUAL_CLAIMS
    stream_port: int = 0
    notices: Path | None = None
    shards: int | None = None
    places: tuple[ShardPlace, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file, the field and the mend."""
        try:
            table = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as a hub's configuration: {error}") from None
        fields, here = Fields(table, str(path)), path.parent
        depth, pages, port = "confirmations", "journal_page_limit", "stream_port"
        shards = _shards(fields)
        config = cls(
            file=path,
            journal=_journal(fields, here),
            deployment=here / fields.text("deployment"),
            keys=here / fields.text("keys"),
            admin_token=here / fields.text("admin_token"),
            chain_url=fields.text("chain_url"),
            retailer_url=fields.text("retailer_url"),
            key_name=fields.text("key_name"),
            unsigned_limit_ubolt=fields.integer("unsigned_limit_ubolt"),
            clock=here / fields.text("clock") if fields.has("clock") else None,
            confirmations=fields.integer(depth) if fields.has(depth) else None,
            journal_page_limit=fields.integer(pages) if fields.has(pages) else None,
            fees=fee_rules(fields),
            claims=ClaimPolicy.read(fields),
            stream_port=fields.integer(port, high=PORT_MAX) if fields.has(port) else 0,
            notices=here / fields.text("notices") if fields.has("notices") else None,
            line=LineConfig.read(fields.object("line"), here) if fields.has("line") else None,
            shards=shards,
            places=_places(fields, shards or 0),
        )
        fields.close()
        return config

    def shard(self, index: int) -> Shard:
        """Raises InputError when this hub has no shard of this index."""
        if self.shards is None:
            raise InputError(f"{self.file} names no number of shards; write: shards = 2")
        if index >= self.shards:
            raise InputError(f"{self.file} names {self.shards} shards, from 0; {index} is none")
        return Shard(index, self.shards)

    def of_shard(self, shard: Shard) -> Self:
        """The same for one shard: a journal and a port for streams of its own."""
        port = self.stream_port + shard.index if self.stream_port else 0
        return replace(self, journal=journal_part(self.journal, shard.index), stream_port=port)


def _journal(fields: Fields, here: Path) -> JournalPlace:
    name, secret = fields.text("journal"), "journal_password"
    password = read_token(here / fields.text(secret)) if fields.has(secret) else None
    return journal_place(name, folder=here, password=password)


def _shards(fields: Fields) -> int | None:
    if not fields.has("shards"):
        return None
    count = fields.integer("shards")
    if not 1 < count <= MOST_SHARDS:
        fields.fail("shards", f"must be 2 to {MOST_SHARDS}; leave it out for one process")
    return count


def _places(fields: Fields, count: int) -> tuple[ShardPlace, ...]:
    if not fields.has("shard"):
        return ()
    tables = fields.objects("shard", limit=2 * MOST_SHARDS)
    return tuple(ShardPlace.read(table, count=count) for table in tables)
