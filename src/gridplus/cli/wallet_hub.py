"""`gridplus wallet ask-hub`: the retailer's signature under an order."""

from pathlib import Path

import click

from gridplus.cli.serving import FILE


@click.command(name="ask-hub")
@click.argument("order", type=FILE)
@click.option(
    "--hub", required=True, help="The retailer's door, like https://retailer.example:8444."
)
@click.option("--root", type=FILE, help="The retailer's root (root.pem of the box).")
@click.option("--successor", type=FILE, help="Of a rotation: the papers that it leads to.")
def command(order: Path, hub: str, *, root: Path | None, successor: Path | None) -> None:
    """Have the hub sign ORDER, which two or three of your keys have signed.

    It signs at once what all three want, another cap, and a move to papers with the same owner and
    guardian; anything else a day after it told both. Until then call this again.
    """
    from gridplus.files import write_file
    from gridplus.owner import HubDoor, ask_hub, parse_order, parse_papers, with_hub
    from gridplus.units import format_utc, utc_from_s

    found = parse_order(order.read_bytes(), what=str(order))
    then = None if successor is None else parse_papers(successor.read_bytes(), what=str(successor))
    answer = ask_hub(HubDoor(hub, root), found, successor=then)
    if answer.signature is None:
        at = format_utc(utc_from_s(answer.signs_at_s))
        click.echo(f"owner and guardian are told; the hub signs from {at} on, ask again then")
        return
    write_file(order, with_hub(found, answer).to_bytes())
    click.echo(f"signed by the hub; now it is sent: gridplus wallet send {order}")
