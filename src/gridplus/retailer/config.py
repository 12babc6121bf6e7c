"""The back office's configuration file."""

import re
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Self

from gridplus.chain import USUAL_FEES, FeeRules
from gridplus.chain.fee_terms import fee_rules
from gridplus.failures import InputError
from gridplus.retailer.enrolment import LineConfig
from gridplus.retailer.gas import WEI_PER_GWEI, GasTerms
from gridplus.tariff import Fields
from gridplus.units import UBOLT_PER_BOLT

_UNITS = {"BOLT": UBOLT_PER_BOLT, "gwei": WEI_PER_GWEI, "$/ETH": UBOLT_PER_BOLT}
"""The smallest parts, µBOLT and wei, of what amounts are written in."""
_WRITTEN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ([^ ]{1,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class RetailerConfig:
    """Paths are relative to the file.

    `state` is the folder of the journal, `out` the one of bills and books; `market` and `history`
    are folders that others fill. Without an `admin_token` nobody can open or close a day; `clock`
    names a clock file, for a time that is not now; `journal_page_limit` is in pages of 4 KiB; a
    block is final after `confirmations` more, or when the node says so; `fees` is what its anchors
    may cost. `mqtt` is a broker that the VTN publishes to, `vtn_clients` its provisioned clients.
    `line` opens the doors for devices.
    """

    state: Path
    out: Path
    deployment: Path
    keys: Path
    hub_token: Path
    plan: Path
    market: Path
    history: Path
    customers: Path
    chain_url: str
    hub_url: str
    key_name: str
    opening_capital_ubolt: int
    gas: GasTerms
    admin_token: Path | None = None
    clock: Path | None = None
    confirmations: int | None = None
    journal_page_limit: int | None = None
    mqtt: str | None = None
    vtn_clients: Path | None = None
    fees: FeeRules = USUAL_FEES
    line: LineConfig | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file, the field and the mend."""
        try:
            table = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as a retailer's file: {error}") from None
        fields = Fields(table, str(path))
        here = path.parent
        blocks, pages = "confirmations", "journal_page_limit"
        config = cls(
            state=here / fields.text("state"),
            out=here / fields.text("out"),
            deployment=here / fields.text("deployment"),
            keys=here / fields.text("keys"),
            hub_token=here / fields.text("hub_token"),
            plan=here / fields.text("plan"),
            market=here / fields.text("market"),
            history=here / fields.text("history"),
            customers=here / fields.text("customers"),
            chain_url=fields.text("chain_url"),
            hub_url=fields.text("hub_url"),
            key_name=fields.text("key_name"),
            opening_capital_ubolt=_amount(fields, "opening_capital", unit="BOLT"),
            gas=GasTerms(
                _amount(fields, "gas_price", unit="gwei"),
                _amount(fields, "ether_price", unit="$/ETH"),
            ),
            admin_token=here / fields.text("admin_token") if fields.has("admin_token") else None,
            clock=here / fields.text("clock") if fields.has("clock") else None,
            confirmations=fields.integer(blocks) if fields.has(blocks) else None,
            journal_page_limit=fields.integer(pages) if fields.has(pages) else None,
            mqtt=fields.text("mqtt") if fields.has("mqtt") else None,
            vtn_clients=here / fields.text("vtn_clients") if fields.has("vtn_clients") else None,
            fees=fee_rules(fields),
            line=LineConfig.read(fields.object("line"), here) if fields.has("line") else None,
        )
        fields.close()
        return config


def _amount(fields: Fields, key: str, *, unit: str) -> int:
    """'0.05 gwei' as the whole number of the unit's smallest part, exactly."""
    text = fields.text(key)
    found = _WRITTEN.fullmatch(text)
    exact = Decimal(found[1]) * _UNITS[unit] if found and found[2] == unit else None
    if exact is None or exact != int(exact):
        fields.fail(key, f"is {text!r}; write it like '12.50 {unit}'")
    return int(exact)
