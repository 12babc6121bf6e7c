"""`gridplus retailer ask`: alerts, limits, paid requests; revise and cancel them."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from gridplus.cli.serving import FILE
from gridplus.failures import InputError, RemoteError

_LIMIT_S = 30
_TEXT_LIMIT = 500


def office_line(command: Callable[..., None]) -> Callable[..., None]:
    """Where the back office is, and who asks."""
    command = click.option("--url", required=True, help="The retailer, http://127.0.0.1:8546.")(
        command
    )
    return click.option("--token", required=True, type=FILE, help="The administrator's.")(command)


def _event(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--revises", metavar="EVENT", help="Write this event anew."),
        click.option("--home", "targets", multiple=True, help="Only this home; repeatable."),
        click.option("--until", "end", required=True, help="Like 2026-02-16T20:00-06:00."),
        click.option("--from", "start", required=True, help="Like 2026-02-16T18:00-06:00."),
    ):
        command = option(command)
    return office_line(command)


@click.group(name="ask")
def command() -> None:
    """Ask homes for less. Their owners decide whether they follow; nobody can be made to.

    \b
      gridplus retailer ask request --from 2026-02-16T18:00-06:00 --until 2026-02-16T20:00-06:00 \\
        --baseline "10-of-10 adjusted" --reward-cents 50 --url … --token …
    """


@command.command()
@click.option("--text", required=True, help="What people read.")
@_event
def alert(**asked: Any) -> None:
    """The grid is about to fail."""
    _publish("alert", asked, text=asked["text"])


@command.command()
@click.option("--watts", required=True, type=click.IntRange(0), help="The most from the grid.")
@_event
def limit(**asked: Any) -> None:
    """A home takes at most so much from the grid."""
    _publish("limit", asked, import_w=asked["watts"])


@command.command()
@click.option(
    "--baseline",
    default="10-of-10 adjusted",
    show_default=True,
    help="What a home would have used; high-4-of-5, middle-8-of-10, 3-hours-before too.",
)
@click.option("--reward-cents", required=True, type=click.IntRange(0, 100_000), help="A kWh less.")
@click.option("--level", default=1, show_default=True, type=click.IntRange(1, 3))
@_event
def request(**asked: Any) -> None:
    """Use less, and be paid for it."""
    said = {name: asked[name] for name in ("baseline", "level")}
    _publish("request", asked, reward_ubolt_per_mwh=asked["reward_cents"] * 10_000_000, **said)


@command.command()
@click.argument("event")
@office_line
def cancel(event: str, url: str, token: Path) -> None:
    """Take EVENT back."""
    ask_office("DELETE", f"{url}/v1/admin/asks/{event}", token=token)
    click.echo(f"{event} is cancelled")


@command.command(name="list")
@office_line
def list_asks(url: str, token: Path) -> None:
    """What is asked and not cancelled, a line of JSON each."""
    for each in ask_office("GET", f"{url}/v1/admin/asks", token=token)["asks"]:
        click.echo(json.dumps(each))


def _publish(kind: str, asked: dict[str, Any], **said: object) -> None:
    body = {
        "kind": kind,
        "start_s": _instant(asked["start"]),
        "end_s": _instant(asked["end"]),
        "targets": list(asked["targets"]),
        **said,
    }
    if asked["revises"] is not None:
        body["revises"] = asked["revises"]
    found = ask_office("POST", f"{asked['url']}/v1/admin/asks", token=asked["token"], body=body)
    click.echo(found["event"])


def _instant(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputError(f"{text!r} is no instant; write it like 2026-02-16T18:00-06:00")
    return int(found.timestamp())


def ask_office(method: str, url: str, *, token: Path, body: object = None) -> Any:
    """What the back office answers its administrator. Raises RemoteError."""
    import httpx

    from gridplus.keystore import read_token

    headers = {"authorization": f"Bearer {read_token(token)}"}
    try:
        answer = httpx.request(
            method, url, json=body, headers=headers, timeout=_LIMIT_S, trust_env=False
        )
    except httpx.HTTPError as error:
        raise RemoteError(f"{url} does not answer: {error!r}") from None
    if answer.status_code != 200:
        raise RemoteError(f"{url} answers {answer.status_code}: {answer.text[:_TEXT_LIMIT]}")
    return answer.json()
