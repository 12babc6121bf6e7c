"""docs/attacks.md names every attack that is executed, on ours and on a peer, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEST = re.compile(r"\btest_\w+")
PEERS = re.compile(r"_on_(raiden|one_to_n|vector|nitro|machinomy|safe|openzeppelin)$")


def executed(folder: str) -> set[str]:
    """Names of the scenarios in a folder: each says what was lost."""
    files = (ROOT / folder).glob("test_lost_*.py")
    return {
        name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }


OURS, THEIRS = executed("tests/contracts/attacks"), executed("tests/peers")


def test_the_table_names_every_attack_and_no_other() -> None:
    named = set(TEST.findall((ROOT / "docs/attacks.md").read_text()))
    assert named == OURS | THEIRS


def test_what_a_peer_loses_is_a_scenario_that_fails_on_ours() -> None:
    assert THEIRS
    assert all(name.startswith(tuple(OURS)) and PEERS.search(name) for name in THEIRS)


def test_seventeen_attacks_of_history_and_of_our_drafts_are_executed() -> None:
    table = (ROOT / "docs/attacks.md").read_text()
    rows = re.findall(r"^\| (\d+) \|.*$", table, re.M)
    assert rows == [str(number) for number in range(1, 18)]
