"""The transition tables: drawn into the docs, complete, and binding."""

from pathlib import Path

import pytest

from gridplus.channel import (
    PAYEE_TABLE,
    PAYER_TABLE,
    Acknowledge,
    Counters,
    Metered,
    PayerPhase,
    Phase,
    VoucherReceived,
    draw,
)
from gridplus.channel.payee_moves import PayeeFact
from gridplus.channel.payer_moves import PayerFact
from gridplus.channel.table import Table
from gridplus.failures import Bug
from tests.channel.scene import interval, voucher

DOCS = Path(__file__).parents[2] / "docs" / "protocol.md"


@pytest.mark.parametrize("table", [PAYEE_TABLE, PAYER_TABLE], ids=["payee", "payer"])
def test_the_docs_hold_the_table_as_it_is_drawn(table: Table) -> None:
    assert draw(table) in DOCS.read_text()


@pytest.mark.parametrize(("table", "facts"), [(PAYEE_TABLE, PayeeFact), (PAYER_TABLE, PayerFact)])
def test_each_fact_has_a_row_in_each_phase(table: Table, facts: object) -> None:
    for fact in getattr(facts, "__args__"):  # noqa: B009 - a union has no typed accessor
        rows = [row for row in table.rows if issubclass(fact, row.fact)]
        assert {phase for row in rows for phase in row.before} == set(table.phases)


@pytest.mark.parametrize("table", [PAYEE_TABLE, PAYER_TABLE], ids=["payee", "payer"])
def test_each_phase_can_be_reached(table: Table) -> None:
    first, *others = table.phases
    reached = {after for row in table.rows for after in row.after}
    assert set(others) <= reached | {first}


def test_a_step_outside_the_table_crashes() -> None:
    """I-CH-8"""
    metered = Metered(interval(0))
    PAYEE_TABLE.require(Phase.OPEN, metered, after=Phase.METERED, effects=())
    with pytest.raises(Bug, match="OPEN -> CLAIMED on Metered"):
        PAYEE_TABLE.require(Phase.OPEN, metered, after=Phase.CLAIMED, effects=())
    received = VoucherReceived(voucher(1))
    early = (Acknowledge(Counters(1, 0)),)
    PAYEE_TABLE.require(Phase.SIGNED, received, after=Phase.SIGNED, effects=early)
    with pytest.raises(Bug, match="BILLED -> SIGNED on VoucherReceived"):
        PAYEE_TABLE.require(Phase.BILLED, received, after=Phase.SIGNED, effects=early)
    with pytest.raises(Bug):
        PAYER_TABLE.require(PayerPhase.OPEN, metered, after=PayerPhase.SIGNED, effects=())
