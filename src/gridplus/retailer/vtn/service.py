"""A VTN as a process of its own, or as a part of the back office."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.routing import Router

from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import StorageError
from gridplus.journal import SqliteJournal
from gridplus.retailer.vtn.app import VtnApp
from gridplus.retailer.vtn.broker import Publisher
from gridplus.retailer.vtn.callbacks import CallbackGuard, Caller
from gridplus.retailer.vtn.clients import TokenSeal, load_clients
from gridplus.retailer.vtn.desk import Tellers, VtnDesk
from gridplus.serving import serve

JOURNAL_FILE = "vtn.journal"
KEY_FILE = "vtn-token.key"


@dataclass(frozen=True, slots=True)
class VtnTerms:
    """How a VTN runs. `state` is its folder; without `clients` only homes that enrol are let in.

    `test_mode`: plain-HTTP webhooks to this machine, short secrets, VENs from the file. `mqtt` is
    a broker's URI, reached by this process and by VENs alike.
    """

    state: Path
    clients: Path | None = None
    test_mode: bool = False
    mqtt: str | None = None
    clock: Path | None = None


@dataclass
class OpenVtn:
    """A VTN that is open: its app, its desk; `running` while it delivers."""

    app: VtnApp
    desk: VtnDesk
    caller: Caller
    publisher: Publisher | None = None
    _entered: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> "OpenVtn":
        await self._entered.enter_async_context(self.caller)
        if self.publisher is not None:
            await self._entered.enter_async_context(self.publisher)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._entered.aclose()


def open_vtn(terms: VtnTerms, *, opened: ExitStack) -> OpenVtn:
    """The VTN where its journal left it; `opened` closes it. Raises InputError, StorageError."""
    clock: Clock = SystemClock() if terms.clock is None else FileClock(terms.clock)
    try:
        terms.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{terms.state} cannot be made: {error.strerror}") from None
    clients = {}
    if terms.clients is not None:
        clients = load_clients(terms.clients, test_mode=terms.test_mode)
    journal = opened.enter_context(
        SqliteJournal.open(terms.state / JOURNAL_FILE, now_s=clock.now_s)
    )
    guard = CallbackGuard(terms.test_mode)
    caller = Caller(guard)
    publisher = None if terms.mqtt is None else Publisher(terms.mqtt)
    tellers = Tellers(caller.call, None if publisher is None else publisher.publish)
    desk = VtnDesk(journal, clock, TokenSeal.load(terms.state / KEY_FILE), clients, tellers)
    desk.start()
    return OpenVtn(VtnApp(desk, guard, mqtt_uri=terms.mqtt), desk, caller, publisher)


def vtn_app(terms: VtnTerms) -> Router:
    """The app of a VTN alone; it is opened now and closed with the app."""
    with ExitStack() as opened:
        vtn = open_vtn(terms, opened=opened)
        kept = opened.pop_all()

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        with kept:
            async with vtn:
                yield

    return Router(default=vtn.app, redirect_slashes=False, lifespan=lifespan)


def serve_vtn(terms: VtnTerms, *, port: int, exit_with_parent: bool) -> None:
    """Serve a VTN on loopback until SIGTERM. Raises GridPlusError when it cannot start."""
    serve(vtn_app(terms), port=port, describe={"ready": "vtn"}, exit_with_parent=exit_with_parent)
