"""What a plan says of itself can be read off it."""

import re
from dataclasses import replace

from hypothesis import given, settings

from gridplus.planner import Ahead, Home, Site, State, format_cents, plan_home, reasons
from tests.planner.street import CAR, CELL, CLIMATE, WASHER, WATER, ahead, days, homes, state_of

PAIR = re.compile(r": (-?[0-9.]+) ¢ (?:now )?beats (?:the )?(-?[0-9.]+) ¢")


@settings(max_examples=25, deadline=None)
@given(homes(), days())
def test_every_device_has_a_sentence_in_every_interval_and_no_sentence_claims_a_loss(
    home: Home, coming: Ahead
) -> None:
    state = state_of(home, coming)
    plan = plan_home(home, coming, state=state)
    labels = [str(i) for i in range(coming.count)]
    said = reasons(home, coming, plan=plan, labels=labels)
    assert len(said) == coming.count
    for i, sentences in enumerate(said):
        there = sum(track.at(i) is not None for track in plan.tracks)
        begun = sum(first == i for _, first in plan.begins)
        assert len(sentences) == there + begun + (plan.flows[i].curtailed_wh > 0)
        assert all(f" at {i}" in sentence for sentence in sentences)
        for sentence in sentences:
            for own, other in PAIR.findall(sentence):
                charges = sentence.startswith(("charging", "storing"))
                bought, sold = (own, other) if charges else (other, own)
                assert float(bought) * 0.95 <= float(sold) * 0.95 * 0.95 + 0.1
            if "now, " in sentence and "¢ at" in sentence and "bought back" not in sentence:
                now, later = re.findall(r"(-?[0-9.]+) ¢", sentence)[:2]
                assert float(now) <= float(later)


def test_the_sentences_of_a_day_say_what_happens_and_when() -> None:
    home = Home(CELL, 3_200, True, CAR, CLIMATE, WATER, (WASHER,), Site(curtail=True))
    cents = [(5, 2)] * 28 + [(15, -3)] * 40 + [(40, 2)] * 28
    sun = [0] * 36 + [1_500] * 24 + [0] * 36
    coming = ahead(cents, solar_wh=sun, outdoor_mc=34_000)
    plan = plan_home(home, coming, state=state_of(home, coming))
    labels = [f"{m // 60:02d}:{m % 60:02d}" for m in coming.minutes]
    said = reasons(home, coming, plan=plan, labels=labels)
    everything = [sentence for sentences in said for sentence in sentences]
    assert any(s.startswith("charging the car at 0") for s in everything)
    assert any(s.startswith("cooling at 1") for s in everything)
    assert "washer begins at" in " ".join(everything)
    assert "sun held back at 12:00: feeding in would cost 3.0 ¢" in everything
    assert any("beats the" in s and s.startswith("covering the home at") for s in everything)


def test_a_battery_that_keeps_the_connection_whole_says_so() -> None:
    worn = replace(CELL, wear_ubolt_per_mwh=500_000_000)
    home = Home(worn, 640, False, site=Site(import_w=2_000))
    coming = ahead([(10, 0)] * 8, load_wh=600)
    plan = plan_home(home, coming, state=State(battery_uwh=CELL.capacity_uwh))
    (sentence,) = reasons(home, coming, plan=plan, labels=[str(i) for i in range(8)])[0]
    assert sentence.endswith("; the connection carries no more")


def test_a_price_below_zero_is_written_with_its_sign() -> None:
    assert [format_cents(cents * 10**12) for cents in (-34, -4, 4)] == ["-3.4 ¢", "-0.4 ¢", "0.4 ¢"]
