"""`gridplus bill`."""

from pathlib import Path

import click

from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.cli.serving import FILE
from gridplus.cli.verify import open_chain
from gridplus.contracts import calls
from gridplus.failures import InputError, StorageError
from gridplus.paper import View, html_bill, story_of
from gridplus.paper.story import Proof
from gridplus.paper.words import kwh
from gridplus.tariff import BillDocument, Liability, parse_bill, root_of_inclusion
from gridplus.units import format_ubolt as bolt
from gridplus.verify import fetch_anchoring

OUT = click.Path(path_type=Path, dir_okay=False)


@click.command(name="bill")
@click.argument("bills", nargs=-1, required=True, type=FILE, metavar="BILL...")
@click.option("--html", "html_out", type=OUT, help="Write one self-contained page.")
@click.option("--pdf", "pdf_out", type=OUT, help="Write it for paper (needs gridplus[retailer]).")
@click.option("--view", type=click.Choice([view.value for view in View]), help="How finely.")
@click.option("--deployment", type=FILE, help="The deployment file, to name the transactions.")
@click.option("--state", type=FILE, help="The file of an embedded chain that nobody serves.")
@click.option("--rpc", help="URL of a JSON-RPC node to ask instead of a file.")
def command(
    bills: tuple[Path, ...],
    html_out: Path | None,
    pdf_out: Path | None,
    view: str | None,
    deployment: Path | None,
    state: Path | None,
    rpc: str | None,
) -> None:
    """Bills for people: what was used, when, what it cost and why, who got it, how to check it.

    Several BILLs of one home, in the order of their days, make one. Without --view one day is told
    by hour and several by day. The numbers are the bill's own; `gridplus verify` says whether they
    are right. With --deployment the chain is asked which transactions anchored them.
    """
    documents = [parse_bill(path.read_bytes(), what=path.name) for path in bills]
    proofs = [_proof(path, bill) for path, bill in zip(bills, documents, strict=True)]
    if deployment is not None:
        deployed = Deployment.load(deployment)
        file = state or deployment.parent / "chain" / "chain.sqlite"
        with open_chain(file, deployed, rpc=rpc) as chain:
            proofs = [_anchored(chain, deployed, proof=proof) for proof in proofs]
    chosen = View(view) if view else View.MONTH if len(bills) > 1 else View.DAY
    story = story_of(documents, proofs, view=chosen)
    if html_out is not None:
        _write(html_out, html_bill(story).encode())
    if pdf_out is not None:
        try:
            from gridplus.paper.pdf import pdf_bill
        except ImportError:
            raise InputError("PDF needs reportlab: pip install 'gridplus[retailer]'") from None
        _write(pdf_out, pdf_bill(story))
    click.echo(
        f"{story.period}: {kwh(story.import_wh)} kWh taken, {kwh(story.export_wh)} kWh fed in; "
        f"charges {bolt(story.charges_ubolt)}, credits {bolt(story.credits_ubolt)}, "
        f"together {bolt(story.due_ubolt)} BOLT"
    )


def _proof(path: Path, bill: BillDocument) -> Proof:
    root = root_of_inclusion(Liability.after(bill.closing), bill.inclusion)
    head = bill.intervals[-1].head
    return Proof(path.name, bill.operating_day, head, None if root is None else root.hash)


def _anchored(chain: Chain, deployed: Deployment, *, proof: Proof) -> Proof:
    sent = fetch_anchoring(chain, deployed, day=proof.day, kind=calls.ANCHOR_BILLS)
    return Proof(proof.file, proof.day, proof.head, proof.root, sent)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None
    click.echo(f"wrote {path}")
