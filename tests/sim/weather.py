"""The weather of a simulated world: what goes wrong, one thing after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gridplus.channel import Counters, Voucher
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import voucher_digest
from gridplus.wire import SubmitVoucher
from tests.sim.machines import HomeMachine, HubMachine, Machine
from tests.sim.network import Network, Request
from tests.sim.node import USUAL_BASE_WEI, SimulatedChain
from tests.sim.people import DEPOSIT_UBOLT
from tests.sim.setting import Setting
from tests.sim.witness import Witness


@dataclass
class Weather:
    """`turn` lets one thing happen, `clear` ends all of it. `leaving` are homes whose owner has
    sent an exit."""

    setting: Setting
    network: Network
    chain: SimulatedChain
    hub: HubMachine
    homes: list[HomeMachine]
    witness: Witness
    deposit: Callable[[HomeMachine], None]
    start_exit: Callable[[HomeMachine], None]
    leaving: set[str] = field(default_factory=set)
    _deposits: int = 0

    def turn(self) -> None:
        kinds = (
            self._bad_line, self._cut, self._storm, self._kill, self._disk, self._node_down,
            self._lag, self._fork, self._fees, self._clock, self._thief, self._greed, self._exit,
            self._top_up, self._close_day,
        )  # fmt: skip
        self.setting.random.choice(kinds)()

    def clear(self) -> None:
        """The lines, nodes, clocks and disks are good again, and the meters stop."""
        self.setting.note("the weather clears")
        network = self.network
        network.loss = network.doubling = network.late = 0.0
        network.slowest_s = 0.2
        network.cut.clear()
        self.chain.base_wei = USUAL_BASE_WEI
        for home in self.homes:
            home.meter.stopped_s = self.setting.now_s
        for machine in (self.hub, *self.homes):
            machine.node.behind, machine.node.down, machine.node.fickle = 0, False, False
            machine.clock.ahead_s, machine.disk.broken = 0, False

    def _any(self) -> Machine:
        return self.setting.random.choice([self.hub, self.hub, *self.homes])

    def _home(self) -> HomeMachine:
        return self.setting.random.choice(self.homes)

    def _bad_line(self) -> None:
        random, network = self.setting.random, self.network
        network.loss = random.choice((0.0, 0.05, 0.3))
        network.doubling = random.choice((0.0, 0.2, 0.8))
        network.late = random.choice((0.0, 0.1, 0.3))
        network.slowest_s = random.choice((0.2, 3.0, 15.0))
        self.setting.note(f"the line loses {network.loss}, is {network.slowest_s} s slow")

    def _cut(self) -> None:
        name = self._home().name
        (self.network.cut.discard if name in self.network.cut else self.network.cut.add)(name)
        self.setting.note(f"the line of {name} is cut or mended")

    def _storm(self) -> None:
        self.setting.note("everything recent comes again, five times")
        self.network.storm(5)

    def _kill(self) -> None:
        self._any().kill()

    def _disk(self) -> None:
        machine = self._any()
        machine.disk.broken = True
        self.setting.note(f"the next write of {machine.name} fails")

    def _node_down(self) -> None:
        machine = self._any()
        machine.node.down = not machine.node.down
        self.setting.note(f"the node of {machine.name} is {'down' if machine.node.down else 'up'}")

    def _lag(self) -> None:
        machine = self._any()
        machine.node.behind = self.setting.random.choice((0, 1, 3, 10))
        machine.node.fickle = self.setting.chance(0.5)
        how = "up to " if machine.node.fickle else ""
        self.setting.note(f"the node of {machine.name} is {how}{machine.node.behind} blocks late")

    def _fork(self) -> None:
        self.chain.reorganise(self.setting.random.randrange(1, 5))

    def _fees(self) -> None:
        self.chain.base_wei = USUAL_BASE_WEI * self.setting.random.choice((1, 1, 100, 1_000))
        self.setting.note(f"a unit of gas costs {self.chain.base_wei}")

    def _clock(self) -> None:
        machine = self._any()
        machine.clock.ahead_s = self.setting.random.choice((0, -3_600, 7, 3_600))
        self.setting.note(f"the clock of {machine.name} is {machine.clock.ahead_s} s ahead")

    def _thief(self) -> None:
        """A home presents a voucher, signed by its own key, for the channel of another."""
        victim = self._home()
        key = self._home().keys.voucher
        account = self.witness.accounts[victim.name]
        spent = account.newest_stored.spent_ubolt + self.setting.random.randrange(1, 1_000)
        if key is not victim.keys.voucher:
            self.setting.note(f"somebody pays {spent} for {victim.name}")
            self._present(victim, key, Counters(spent, account.newest_stored.earned_ubolt))

    def _greed(self) -> None:
        """Whoever has stolen a voucher key signs more than was billed."""
        home = self._home()
        spent = self.setting.random.randrange(DEPOSIT_UBOLT)
        newest = self.witness.accounts[home.name].newest_stored
        billed = self.witness.accounts[home.name].billed
        most = billed[-1].statement.spent_ubolt if billed else 0
        if spent > most:
            self.setting.note(f"the voucher key of {home.name} signs {spent}")
            self._present(home, home.keys.voucher, Counters(spent, newest.earned_ubolt))

    def _present(self, home: HomeMachine, key: Secp256k1Key, said: Counters) -> None:
        identity = home.identity
        digest = voucher_digest(
            identity.domain, identity.cfg, spent=said.spent_ubolt, earned=said.earned_ubolt
        )
        voucher = Voucher(identity.cfg, said.spent_ubolt, said.earned_ubolt, key.sign(digest))
        body = SubmitVoucher(identity.channel, voucher).to_bytes()
        request = Request("mallory", "POST", "/v1/vouchers", b"", body)
        self.network.deliver(self.hub, request, self.setting.loop.create_future())

    def _exit(self) -> None:
        home = self._home()
        if home.name in self.leaving or self.setting.chance(0.5):
            return
        self.leaving.add(home.name)
        self.start_exit(home)

    def _top_up(self) -> None:
        home = self._home()
        if self._deposits < 3:
            self._deposits += 1
            self.deposit(home)

    def _close_day(self) -> None:
        process = self.hub.process
        if self.setting.chance(0.5) and process is not None and process.alive:
            self.setting.note("the back office closes the day")
            self.setting.loop.spawn(process, self.hub.close_day())
