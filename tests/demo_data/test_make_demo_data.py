"""The tool that makes the bundled data, on packages small enough to write down here."""

import importlib.util
import io
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).parents[2] / "tools/make_demo_data.py"
TEXTS = ["Day", "Hour", "Flag", "Point", "Price", "01/01/2021", "01:00", "N", "LZ_HOUSTON"]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_demo_data", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def workbook(price: str) -> bytes:
    """Twelve sheets with a header and one row, in the two kinds of cells that ERCOT uses."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    shared = "".join(f"<si><t>{text}</t></si>" for text in TEXTS)
    cells = [f'<c t="s"><v>{place}</v></c>' for place in range(len(TEXTS))]
    header = f"<row>{''.join(cells[:5])}</row>"
    row = f"<row>{''.join(cells[5:])}<c><v>{price}</v></c></row>"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<sst {main}>{shared}</sst>")
        sheet = f"<worksheet {main}><sheetData>{header}{row}</sheetData></worksheet>"
        for month in range(1, 13):
            book.writestr(f"xl/worksheets/Sheet{month}.xml", sheet)
    return file.getvalue()


def test_a_workbook_gives_its_header_once_and_prices_as_they_are_printed(tool: ModuleType) -> None:
    rows = list(tool.workbook_rows(workbook("25.10")))
    assert rows == [TEXTS[:5], *[[*TEXTS[5:], "25.10"]] * 12]


def test_a_workbook_of_another_length_is_not_written(tool: ModuleType) -> None:
    with pytest.raises(SystemExit, match="12 rows of LZ_HOUSTON where 8760 were expected"):
        tool.price_table(workbook("25.10"))


def test_watt_hours_are_rounded_half_to_even(tool: ModuleType) -> None:
    halves = ("0.0005", "0.0015", "0.0025", "2.2758", "0.8511666666666671")
    assert [tool.whole(text, 1_000) for text in halves] == [0, 2, 2, 2_276, 851]


def test_a_year_with_daylight_saving_or_a_missing_hour_is_not_written(tool: ModuleType) -> None:
    header = b"Month,Hour,Daylight Savings Status\n"
    assert len(tool.home_rows(header + b"7.0,24.0,0\n" * 8_760)) == 8_760
    for rows in (b"7.0,24.0,0\n" * 8_759, b"7.0,24.0,0\n" * 8_759 + b"7.0,24.0,1\n"):
        with pytest.raises(SystemExit, match="not the known file"):
            tool.home_rows(header + rows)
