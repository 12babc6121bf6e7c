"""docs/invariants.md and the tests that cite it name the same invariants."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"I-[A-Z]{2}-[0-9]+")


def test_every_invariant_is_cited_by_a_test_and_every_citation_exists() -> None:
    page = (ROOT / "docs/invariants.md").read_text()
    rows = re.findall(rf"^\| ({NUMBER.pattern}) \|", page, re.MULTILINE)
    numbered = set(rows)
    tests = (path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__))
    cited = {number for path in tests for number in NUMBER.findall(path.read_text())}
    assert len(numbered) > 20
    assert cited == numbered
    assert len(rows) == len(numbered), "two invariants have one number"
