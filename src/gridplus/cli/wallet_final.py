"""`gridplus wallet close` and `rotate`: orders that end an account at a final pair."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gridplus.cli.agent_folder import now_s as now
from gridplus.cli.serving import FILE
from gridplus.cli.wallet_desk import OUT, PAPERS, RPC, desk_at, papers_in, signer_named, write_order
from gridplus.failures import InputError
from gridplus.tariff import ChannelIdentity

F = TypeVar("F", bound=Callable[..., Any])


def _final_options(command: F) -> F:
    """Where the final pair comes from: the hub, or by hand."""
    for option in (
        click.option("--earned", type=click.IntRange(0), help="µBOLT, as the last bill says."),
        click.option("--spent", type=click.IntRange(0), help="By hand: µBOLT, as the bill says."),
        click.option("--bill", type=FILE, help="Your newest bill, to check the hub's word by."),
        click.option("--device", metavar="STORE:NAME", help="Or the device's key."),
        click.option("--key", metavar="STORE:NAME", help="The key that asks the hub."),
        click.option("--root", type=FILE, help="The retailer's root (root.pem of the box)."),
        click.option("--clock", type=FILE, help="A clock file, for a time that is not now."),
        click.option("--hub", help="Ask here for the final pair: the retailer's door."),
    ):
        command = option(command)
    return command


@click.command()
@PAPERS
@RPC
@OUT
@_final_options
def close(papers: Path, *, rpc: str, out: Path, **asked: Any) -> None:
    """Write an order to leave at once, for two keys and the retailer's hub to sign.

    The final pair is the hub's newest word (--hub, with one of your keys), which is held against
    your newest bill (--bill), or what you say (--spent and --earned).
    """
    from gridplus.wallet import Close

    with desk_at(papers, rpc) as desk:
        spent, earned = _final(desk.identity, asked)
        action = Close(desk.identity.channel, spent, earned, *desk.terms())
        write_order(out, desk=desk, action=action)


@click.command()
@PAPERS
@click.argument("successor", type=FILE)
@RPC
@OUT
@_final_options
def rotate(papers: Path, successor: Path, *, rpc: str, out: Path, **asked: Any) -> None:
    """Write an order to move the account to the keys in the papers SUCCESSOR: a new box, a new
    owner. The final pair as for `gridplus wallet close`.
    """
    from gridplus.wallet import Rotate

    new = papers_in(successor)
    with desk_at(papers, rpc) as desk:
        if (new.chain_id, new.vault) != (desk.identity.chain_id, desk.identity.vault):
            raise InputError(f"{successor} is of another vault; a rotation stays in one vault")
        spent, earned = _final(desk.identity, asked)
        channel, key = desk.identity.channel, new.voucher_key
        action = Rotate(channel, key, new.cfg, spent, earned, *desk.terms())
        write_order(out, desk=desk, action=action)


def _final(identity: ChannelIdentity, asked: dict[str, Any]) -> tuple[int, int]:
    """(spent, earned) in µBOLT."""
    from gridplus.files import read_file
    from gridplus.owner import HubDoor, ask_word, check_word
    from gridplus.tariff import parse_bill
    from gridplus.wallet import ask_word_digest
    from gridplus.wire import AskWord
    from gridplus.wire.orders import ROLES

    by_hand = asked["spent"], asked["earned"]
    if asked["hub"] is None:
        if None in by_hand:
            raise click.UsageError("give --hub with --key or --device, or --spent and --earned")
        return by_hand
    if by_hand != (None, None) or (asked["key"] is None) == (asked["device"] is None):
        raise click.UsageError("--hub goes with one of --key and --device, and with no figures")
    signer, public = signer_named(asked["key"], asked["device"])
    who = identity.descriptor
    roles = dict(zip((who.owner, who.guardian, who.device_key), ROLES, strict=True))
    if public not in roles:
        raise InputError("the key is not the owner's, the guardian's or the device's")
    now_s = now(asked["clock"])
    digest = ask_word_digest(identity.domain, identity.channel, asked_at_s=now_s)
    question = AskWord(identity.channel, now_s, roles[public], signer.sign(digest))
    word = ask_word(HubDoor(asked["hub"], asked["root"]), question)
    if asked["bill"] is None:
        click.echo("The hub's word is held against no bill; give --bill to have it checked.")
    else:
        bill = parse_bill(read_file(asked["bill"]), what=str(asked["bill"]))
        click.echo(check_word(word, bill, what=str(asked["bill"])))
    return word.final.spent_ubolt, word.final.earned_ubolt
