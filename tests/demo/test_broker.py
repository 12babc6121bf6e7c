"""A whole day of the demo whose homes hear of events over a broker."""

import json
import subprocess
import sys
from pathlib import Path

from tests.vtn.broker import Broker, needs_mosquitto


@needs_mosquitto
def test_a_day_goes_by_mqtt_and_ends_as_by_polls(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    broker.start()
    try:
        run = subprocess.run(
            [sys.executable, "-m", "gridplus.cli", "demo", "--homes", "3", "--fast", "--json",
             "--broker", broker.uri, "--out", str(tmp_path / "out")],
            capture_output=True, text=True, timeout=200,
        )  # fmt: skip
    finally:
        broker.stop()
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert [ask["kind"] for ask in told["asks"]] == ["limit", "request", "alert"]
    assert all(ask["ways"] == [["MQTT", 3]] for ask in told["asks"])
    request = told["asks"][1]["homes"]
    assert [bool(home["followed"]) for home in request] == [True, False, True]
    assert request[0]["reward_ubolt"] + request[2]["reward_ubolt"] > 0
    assert request[1]["why_not"] == "your preferences join no requests"
    assert told["agrees"]


def test_a_broker_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "gridplus.cli", "demo", "--homes", "1", "--fast",
         "--broker", "mqtt://127.0.0.1:1", "--out", str(tmp_path / "out")],
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert run.returncode == 1
    assert "the MQTT broker does not answer" in run.stderr
    assert "Traceback" not in run.stderr
