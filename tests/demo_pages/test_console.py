"""What a person reads at the end of a run."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gridplus.demo.console import print_figures, progress
from gridplus.demo.figures import CostPart, Figures
from gridplus.demo.readout import home_rows, share_rounded, stack_rows
from tests.demo_pages.street import calm_day, storm_day, with_text


def printed(figures: Figures, width: int = 100) -> str:
    page = io.StringIO()
    print_figures(figures, Console(file=page, width=width))
    return page.getvalue()


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("figures", [calm_day(), storm_day(), calm_day(homes=1, days=3)])
def test_no_line_is_wider_than_the_screen_and_nothing_is_coloured_in_a_pipe(
    figures: Figures, width: int
) -> None:
    text = printed(figures, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text


def test_every_home_and_the_next_commands_are_there() -> None:
    figures = calm_day()
    text = printed(figures)
    assert all(home.name in text for home in figures.homes)
    assert f"gridplus verify {figures.files.bill}" in text
    assert "Thursday, 12 August 2021" in text
    assert "17 of 17 homes agree to the µBOLT" in text


def test_a_home_of_the_user_is_not_said_to_be_californian() -> None:
    own = replace(calm_day(homes=1), metered=1)
    assert "1 home from your meter file." in printed(own)
    assert "California" not in printed(own)
    mixed = " ".join(printed(replace(calm_day(), metered=1)).split())
    assert "1 home from your meter file; 16 real homes from California" in mixed
    assert "17 real homes from California" in printed(calm_day())


def test_a_loss_is_called_a_loss_and_a_home_that_disagrees_is_counted() -> None:
    storm = storm_day()
    assert "lost" in printed(storm)
    broken = replace(storm.homes[0], ledger_deposit_ubolt=storm.homes[0].ledger_deposit_ubolt + 1)
    text = printed(replace(storm, homes=(broken, *storm.homes[1:])))
    assert "16 of 17 homes agree" in text


def test_control_characters_from_outside_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in printed(with_text(calm_day(), "plan\x1b[2J\u202eevil"))


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8), st.integers(1, 10**6))
def test_printed_parts_add_up_to_the_printed_total(amounts: list[int], divisor: int) -> None:
    parts = share_rounded(amounts, divisor)
    assert abs(sum(parts) * divisor - sum(amounts)) <= divisor
    assert all(
        abs(part * divisor - amount) < 2 * divisor
        for part, amount in zip(parts, amounts, strict=True)
    )


@given(st.lists(st.integers(-(10**8), 10**9), min_size=5, max_size=5))
def test_the_cost_stack_sums_line_by_line(amounts: list[int]) -> None:
    parts = tuple(CostPart(f"part {i}", amount, "") for i, amount in enumerate(amounts))
    *rows, total = stack_rows(replace(calm_day(), stack=parts))
    assert sum(row.cents for row in rows) == total.cents
    assert sum(row.price for row in rows) == total.price


def test_the_homes_sum_to_the_street() -> None:
    *rows, street = home_rows(calm_day())
    for column in ("taken", "fed_in", "paid", "without_control", "flat"):
        assert sum(getattr(row, column) for row in rows) == getattr(street, column)


def test_progress_in_a_pipe_is_a_few_plain_lines() -> None:
    page = io.StringIO()
    with progress(Console(file=page, width=100), enabled=True) as bar:
        bar.phase("deploying contracts")
        for done in range(1, 97):
            bar.interval(done, 96, label="2021-08-11 12:00")
    lines = page.getvalue().splitlines()
    assert lines[0] == "deploying contracts"
    assert 4 <= len(lines) <= 10
    assert "96 of 96" in lines[-1]


def test_progress_on_a_terminal_shows_the_phase_and_the_streets_clock() -> None:
    page = io.StringIO()
    terminal = Console(file=page, width=100, force_terminal=True)
    with progress(terminal, enabled=True) as bar:
        bar.phase("deploying contracts")
        bar.phase("living through the day")
        bar.interval(96, 96, label="24:00")
    assert "deploying contracts" in page.getvalue()
    assert "living through the day" in page.getvalue()


def test_progress_can_be_silent() -> None:
    page = io.StringIO()
    with progress(Console(file=page), enabled=False) as bar:
        bar.phase("deploying contracts")
        bar.interval(1, 2, label="")
    assert page.getvalue() == ""


def test_what_the_agents_did_is_told_with_its_reason() -> None:
    text = printed(calm_day())
    assert "home 1 03:00 to 05:00: car charged 13.3 kWh. charging the car at 03:00: 7.1" in text
    assert "16:00 to 18:00: battery gave 2.2 kWh" in text
    assert "in 17 homes a car, in 0 homes a heat pump, all simulated" in " ".join(text.split())
    assert "home 5 03:00" not in text, "the summary page tells of all"
