"""After the run: every store is opened again, by itself, and asked what it knows of the money."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gridplus.agent import newest_voucher
from gridplus.chain import Chain
from gridplus.chain.deployment import Deployment
from gridplus.chain.views import ask
from gridplus.channel import Counters
from gridplus.contracts import calls
from gridplus.demo.conductor import Run
from gridplus.demo.street import Resident
from gridplus.failures import StorageError
from gridplus.hub import read_newest_vouchers
from gridplus.journal import SqliteJournal
from gridplus.ledger import Ledger
from gridplus.retailer.book import read_book
from gridplus.retailer.reconciling import reconcile_now
from gridplus.tariff import BillDocument, parse_bill
from gridplus.verify import fetch_truth, verify_bill
from gridplus.wallet import ChannelId


@dataclass(frozen=True, slots=True)
class Money:
    """One home's headroom (µBOLT) by the chain, by the ledger, and by its newest voucher."""

    chain_ubolt: int
    ledger_ubolt: int
    voucher_ubolt: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What the stores say. `bills` are all that were written, in order of home and day; `faults`
    are what differs between the sides of the money, and what is wrong with a bill."""

    money: dict[str, Money]
    ledger: Ledger
    bills: dict[str, tuple[BillDocument, ...]]
    bills_verified: int
    faults: tuple[str, ...]


def audit(run: Run) -> Audit:
    """Start the chain again from its file; read ledger, hub and homes from their own journals.

    Raises StorageError or RemoteError when a store cannot be read back.
    """
    book = read_book(run.stage.out / "retailer")
    at_hub = read_newest_vouchers(run.stage.out / "hub" / "hub.journal")
    with run.stage.start_chain() as chain:
        money = {
            home.name: _money(run, chain, home=home, ledger=book.ledger, kept=at_hub)
            for home in run.residents
        }
        bills = {home.name: _bills(run.stage.out / "bills", home) for home in run.residents}
        report = reconcile_now(book, chain, deployment=run.deployment, vouchers=at_hub)
        faults = [
            fault
            for name, documents in bills.items()
            for bill in documents
            for fault in _faults(chain, run.deployment, name=name, bill=bill)
        ]
    run.stage.stop(["chain"])
    written = sum(len(documents) for documents in bills.values())
    failed = len({fault.partition(":")[0] for fault in faults})
    told = (*map(str, report.differences), *faults)
    return Audit(money, book.ledger, bills, written - failed, told)


def _money(
    run: Run, chain: Chain, *, home: Resident, ledger: Ledger, kept: dict[ChannelId, Counters]
) -> Money:
    channel = home.identity.channel
    with SqliteJournal.open(home.journal_path, now_s=run.stage.clock.now_s) as journal:
        voucher = newest_voucher(journal)
    if voucher is None or voucher.counters != kept[channel]:
        raise StorageError(f"{home.name} and the hub do not keep the same newest voucher")
    paid_in_ubolt = home.deposits * run.terms.deposit_ubolt
    return Money(
        chain_ubolt=ask(chain, run.deployment.vault, view=calls.headroom(channel)),
        ledger_ubolt=ledger.deposit(channel),
        voucher_ubolt=paid_in_ubolt + voucher.earned - voucher.spent,
    )


def _bills(folder: Path, home: Resident) -> tuple[BillDocument, ...]:
    paths = sorted(folder.glob(f"{home.name}-*.json"))
    return tuple(parse_bill(path.read_bytes(), what=str(path)) for path in paths)


def _faults(
    chain: Chain, deployment: Deployment, *, name: str, bill: BillDocument
) -> Sequence[str]:
    truth = fetch_truth(chain, deployment, bill=bill)
    return [
        f"{name}-{bill.operating_day}: {check.name}: {check.detail}"
        for check in verify_bill(bill, truth)
        if not check.ok
    ]
