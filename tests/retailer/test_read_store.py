from pathlib import Path

import pytest

from gridplus.failures import InputError, StorageError
from gridplus.journal import Fact, SqliteJournal
from gridplus.meter import MeterRead, Quality, changes
from gridplus.meter.file import MeterFile
from gridplus.meter.formats import parse_meter_file
from gridplus.retailer.read_store import ReadStore

START_S = 1_646_114_400  # 2022-03-01T06:00Z


def file(*rows: str) -> MeterFile:
    text = "meter,interval_start_utc,seconds,import_wh,export_wh\n" + "\n".join(rows)
    return parse_meter_file([text.encode()], what="f.csv")


FIRST = (
    "a,2022-03-01T06:00Z,900,100,0",
    "a,2022-03-01T06:15Z,900,200,0",
    "b,2022-03-01T06:00Z,900,7,0",
)
CORRECTED = (FIRST[0], "a,2022-03-01T06:15Z,900,250,0", FIRST[2])


class Ticks:
    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now


def test_every_version_is_kept_with_what_was_known_when(tmp_path: Path) -> None:
    """I-ME-2"""
    ticks = Ticks()
    with ReadStore.open(tmp_path / "reads.db", now_s=ticks) as store:
        assert store.take(file(*FIRST)).count("new") == 3
        ticks.now = 2_000
        taken = store.take(file(*CORRECTED))
        assert (taken.count("new"), taken.count("corrected")) == (0, 1)
    with ReadStore.open(tmp_path / "reads.db", now_s=ticks) as store:
        assert store.meters() == ("a", "b")
        before, after = store.view("a", as_of_s=1_999), store.view("a", as_of_s=2_000)
        (change,) = changes(before, after)
        assert (change.import_wh, change.start_s) == (50, START_S + 900)
        assert change.after == MeterRead(START_S + 900, 900, 250, 0, version=2, known_at_s=2_000)
        assert store.view("a", as_of_s=999) == ()
        assert store.view("c") == ()


def test_the_same_file_twice_writes_nothing(tmp_path: Path) -> None:
    """I-ME-3"""
    path = tmp_path / "reads.db"
    with ReadStore.open(path, now_s=Ticks()) as store:
        store.take(file(*FIRST))
        assert store.take(file(*FIRST)).count("unchanged") == 3
    with SqliteJournal.open(path, now_s=Ticks()) as journal:
        assert journal.last_sequence == 2


def test_an_edit_is_a_version_with_its_reason(tmp_path: Path) -> None:
    with ReadStore.open(tmp_path / "reads.db", now_s=Ticks()) as store:
        store.take(file(*FIRST))
        read = MeterRead(START_S, 900, 5, 0)
        store.edit("a", read, reason="the display said so", editor="ann")
        edited = store.find("a", START_S)
        assert (edited.import_wh, edited.quality, edited.rule, edited.version) == (
            5,
            Quality.EDITED,
            "the display said so",
            2,
        )
        with pytest.raises(InputError, match="a has no read that begins there"):
            store.find("a", 0)


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    for place, fact in enumerate((Fact("BillMade", b"a", b""), Fact("ReadsLearned", b"a", b"x"))):
        path = tmp_path / f"{place}.db"
        with SqliteJournal.open(path, now_s=Ticks()) as journal:
            journal.append([fact])
        with (
            ReadStore.open(path, now_s=Ticks()) as store,
            pytest.raises(StorageError, match="fact 1"),
        ):
            store.view("a")
