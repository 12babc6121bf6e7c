"""`gridplus watch`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gridplus.cli.serving import FILE
from gridplus.failures import GridPlusError

if TYPE_CHECKING:
    from gridplus.watch import Watchtower


@click.command(name="watch")
@click.option("--config", required=True, type=FILE, help="Configuration file (TOML).")
@click.option("--once", is_flag=True, help="One round, then say how things stand and end.")
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON, one line each time.")
@click.option("--pause-s", default=60, show_default=True, type=click.IntRange(1, 86_400))
def command(config: Path, once: bool, as_json: bool, pause_s: int) -> None:
    """Watch over homes and hub from another machine, until SIGTERM.

    When a home starts to leave and the hub does not act within its patience, redeem what the file
    of `gridplus hub export` holds: the hub's claims, then credits, then vouchers. The only key it
    needs pays for gas. The file is read again when it changes.
    """
    from contextlib import ExitStack

    from gridplus.watch import WatchConfig, open_tower

    settings = WatchConfig.load(config)
    with ExitStack() as opened:
        tower = open_tower(settings, opened)
        clock = settings.system_clock()
        if once:
            tower.look(now_s=clock.now_s())
            _say(tower, None, as_json=as_json)
            return
        _watch(tower, settings, pause_s=pause_s, as_json=as_json)


def _watch(tower: "Watchtower", settings: Any, *, pause_s: int, as_json: bool) -> None:
    import signal
    import threading

    ended, clock, said = threading.Event(), settings.system_clock(), ""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.is_set():
        fault = None
        try:
            promises = settings.read_promises()
            if promises.made_at_s != tower.promises.made_at_s:
                tower.adopt(promises)
            tower.look(now_s=clock.now_s())
        except GridPlusError as error:
            fault = str(error)
        if (now := json.dumps(_state(tower, fault))) != said:
            said = now
            _say(tower, fault, as_json=as_json)
        ended.wait(pause_s)


def _state(tower: "Watchtower", fault: str | None) -> dict[str, Any]:
    cases = [
        {
            "channel": f"0x{case.channel.hex()}",
            "stage": case.stage.name,
            "mature_s": case.mature_s,
            "spent_due_ubolt": case.spent_due_ubolt,
            "earned_due_ubolt": case.earned_due_ubolt,
        }
        for case in tower.cases.values()
    ]
    promises = tower.promises
    return {
        "promises_made_at_s": promises.made_at_s,
        "vouchers": len(promises.vouchers),
        "credits": len(promises.credits),
        "claims": len(promises.claims),
        "chain": tower.sender.standing.name,
        "leaving": cases,
        "fault": fault,
    }


def _say(tower: "Watchtower", fault: str | None, *, as_json: bool) -> None:
    state = _state(tower, fault)
    if as_json:
        click.echo(json.dumps(state))
        return
    click.echo(
        f"watching {state['vouchers']} vouchers, {state['credits']} credits; "
        f"{len(state['leaving'])} homes are leaving" + (f"; fault: {fault}" if fault else "")
    )
    for case in tower.cases.values():
        due = f"{case.spent_due_ubolt} + {case.earned_due_ubolt} µBOLT due"
        click.echo(f"  0x{case.channel.hex()} {case.stage.name}: {due}; {case.stage.value}")
