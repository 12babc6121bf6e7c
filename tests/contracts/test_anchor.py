"""Roots are written once, each retailer for himself."""

from gridplus.contracts import calls, parse_log
from gridplus.contracts.calls import ANCHOR_BILLS, ANCHOR_PRICES, AnchorEntry
from gridplus.contracts.logs import Anchored
from tests.contracts.street import RETAILER, STRANGER, Street

ROOT, OTHER = b"\x11" * 32, b"\x22" * 32
DAY = 18_673
NOTHING = AnchorEntry(bytes(32), 0, 0)


def entry(street: Street, period: int = DAY, kind: int = ANCHOR_BILLS) -> AnchorEntry:
    return street.ask(street.anchor, calls.anchored(RETAILER.address, period, kind=kind))


def test_an_anchored_root_is_found_with_its_sums(street: Street) -> None:
    assert entry(street) == NOTHING
    data = calls.anchor(DAY, ANCHOR_BILLS, root=ROOT, spent=(1 << 128) - 1, earned=7)
    (log,) = street.do(RETAILER, street.anchor, data).logs
    assert parse_log(log[1], log[2]) == Anchored(
        RETAILER.address, DAY, ANCHOR_BILLS, ROOT, (1 << 128) - 1, 7
    )
    assert entry(street) == AnchorEntry(ROOT, (1 << 128) - 1, 7)


def test_a_root_is_written_once(street: Street) -> None:
    data = calls.anchor(DAY, ANCHOR_BILLS, root=ROOT, spent=5, earned=7)
    street.do(RETAILER, street.anchor, data)
    for again in (data, calls.anchor(DAY, ANCHOR_BILLS, root=OTHER)):
        assert street.refused(RETAILER, street.anchor, again) == "already anchored"
    assert entry(street) == AnchorEntry(ROOT, 5, 7)


def test_a_zero_root_is_refused(street: Street) -> None:
    data = calls.anchor(DAY, ANCHOR_BILLS, root=bytes(32), spent=5)
    assert street.refused(RETAILER, street.anchor, data) == "zero root"


def test_retailers_periods_and_kinds_do_not_meet(street: Street) -> None:
    street.do(STRANGER, street.anchor, calls.anchor(DAY, ANCHOR_BILLS, root=OTHER))
    assert entry(street) == NOTHING
    street.do(RETAILER, street.anchor, calls.anchor(DAY, ANCHOR_BILLS, root=ROOT, spent=1))
    street.do(RETAILER, street.anchor, calls.anchor(DAY, ANCHOR_PRICES, root=OTHER))
    street.do(RETAILER, street.anchor, calls.anchor(DAY + 1, ANCHOR_BILLS, root=OTHER))
    assert entry(street) == AnchorEntry(ROOT, 1, 0)
    assert entry(street, kind=ANCHOR_PRICES) == AnchorEntry(OTHER, 0, 0)
    assert entry(street, period=DAY + 1) == AnchorEntry(OTHER, 0, 0)
