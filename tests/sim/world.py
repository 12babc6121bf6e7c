"""A world of one hub, its homes and their chain, in bad weather, from one seed."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from gridplus.agent import AgentKeys, SmartAgent
from gridplus.channel import Counters
from gridplus.channel.model import VaultModel
from gridplus.contracts.word import DAY_S, ExitKind
from gridplus.hub import Hub, HubParts
from gridplus.hub.claiming import Claimer
from gridplus.market import operating_day_intervals
from gridplus.units import SETTLEMENT_INTERVAL_S
from tests.sim.clockwork import Process
from tests.sim.disk import Disk
from tests.sim.machines import Board, HomeMachine, HubMachine, Machine, Meter
from tests.sim.network import Network
from tests.sim.node import BLOCK_S, Node, SimulatedChain, State
from tests.sim.people import (
    CAP_BOLT,
    DEPLOYMENT,
    DEPOSIT_UBOLT,
    POOL_UBOLT,
    device_of,
    identity_of,
    key_of,
)
from tests.sim.setting import ProcessClock, Setting
from tests.sim.weather import Weather
from tests.sim.witness import Account, Witness
from tests.tariff.examples import PLAIN, plan_with, prices_of

DAY = operating_day_intervals(PLAIN)
FIRST_INTERVAL = 72
START_S = DAY[FIRST_INTERVAL].start_s
PLAN, PRICES = plan_with(), prices_of(PLAIN)


@dataclass(frozen=True)
class Faults:
    """What is planted in place of a real part, to see that it is found."""

    make_hub: Callable[[HubParts], Hub] = Hub
    make_claimer: Callable[..., Claimer] = Claimer
    make_agent: Callable[..., SmartAgent] = SmartAgent
    make_hub_disk: Callable[..., Disk] = Disk
    make_home_disk: Callable[..., Disk] = Disk
    make_node: Callable[[SimulatedChain], Node] = Node
    make_vault: Callable[[VaultModel], VaultModel] = lambda vault: vault


@dataclass(frozen=True)
class Scale:
    """How much world there is: homes, intervals of bad weather, and how often a step is a
    process's last."""

    homes: int = 3
    intervals: int = 10
    deaths: float = 1 / 500


@dataclass
class World:
    """`run` it once."""

    seed: int
    scale: Scale = Scale()
    faults: Faults = Faults()
    setting: Setting = field(init=False)
    homes: list[HomeMachine] = field(default_factory=list)
    block_s: int = BLOCK_S

    def __post_init__(self) -> None:
        self.setting = setting = Setting(self.seed, START_S - 1_800)
        self.witness = Witness(setting)
        self.network = Network(setting, self.witness.answered, self.witness.sent)
        hub = key_of("hub")
        self.chain = SimulatedChain(setting, DEPLOYMENT, hub.address, self.witness.mined)
        self.chain.anchored[(PLAIN - date(1970, 1, 1)).days] = PRICES.digest
        first = self.chain.mined[0]
        vault = self.faults.make_vault(VaultModel(setting.now_s, pool=POOL_UBOLT))
        self.chain.mined[0] = replace(first, state=State(vault, funded=POOL_UBOLT))
        self.board = Board(PLAN, PRICES)
        self.hub = HubMachine(
            "hub",
            setting,
            self.faults.make_node(self.chain),
            self.faults.make_hub_disk(setting, self.witness.hub_wrote),
            ProcessClock(setting),
            key=hub,
            deployment=DEPLOYMENT,
            network=self.network,
            board=self.board,
            make_hub=self.faults.make_hub,
            make_claimer=self.faults.make_claimer,
        )
        for number in range(self.scale.homes):
            self._move_in(f"home{number}", earns=number % 2 == 0)
        self.weather = Weather(
            setting,
            self.network,
            self.chain,
            self.hub,
            self.homes,
            self.witness,
            self._deposit,
            self._start_exit,
        )

    @property
    def machines(self) -> list[Machine]:
        return [self.hub, *self.homes]

    def run(self) -> None:
        """Live through all of it, or until something does not hold (`setting.failure`)."""
        loop = self.setting.loop
        loop.set_exception_handler(lambda _, context: None)
        collecting = gc.isenabled()
        gc.disable()
        try:
            loop.run_until_complete(self._live())
        except Exception as error:  # noqa: BLE001 - reported with its seed
            self.setting.fail(error)
        finally:
            loop.bury()
            if collecting:
                gc.enable()

    def _move_in(self, name: str, *, earns: bool) -> None:
        identity = identity_of(name)
        self.chain.homes[identity.cfg] = identity
        meter = Meter(self.setting, START_S, earns)
        self.witness.knows(name, Account(identity, meter))

        def wrote(facts: object) -> None:
            self.witness.home_wrote(name, facts)  # type: ignore[arg-type]

        home = HomeMachine(
            name,
            self.setting,
            self.faults.make_node(self.chain),
            self.faults.make_home_disk(self.setting, wrote),
            ProcessClock(self.setting),
            identity=identity,
            keys=AgentKeys(device_of(name), key_of(name + " voucher")),
            fee_payer=key_of(name + " payer"),
            meter=meter,
            deployment=DEPLOYMENT,
            hub=self.hub,
            make_agent=self.faults.make_agent,
        )
        self.homes.append(home)
        self._deposit(home)

    def _deposit(self, home: HomeMachine) -> None:
        channel, identity = home.identity.channel, home.identity
        logged = (
            "Deposited(bytes32,address,address,bytes32,uint256)",
            (channel, identity.descriptor.owner, identity.voucher_key, identity.cfg, DEPOSIT_UBOLT),
        )
        logged = (
            logged[0],
            tuple(
                "0x" + v.hex() if isinstance(v, bytes) and len(v) == 20 else v for v in logged[1]
            ),
        )

        def change(vault: VaultModel) -> object:
            return vault.deposit(channel, DEPOSIT_UBOLT, opening_cap=CAP_BOLT)

        self.chain.act(f"a deposit of {home.name}", change, logged)

    async def _live(self) -> None:
        loop, setting = self.setting.loop, self.setting
        blocks = asyncio.ensure_future(self._mine())
        for machine in self.machines:
            machine.start()
        chores = [asyncio.ensure_future(self._revive())]
        loop.mishap = self._mishap
        await self._weather()
        loop.mishap = lambda _: None
        self.weather.clear()
        await self._wait(2 * SETTLEMENT_INTERVAL_S)
        if setting.failure is None:
            self._check_paid()
            await self._leave()
        for task in (blocks, *chores):
            task.cancel()

    async def _wait(self, seconds: float) -> None:
        """Unless the world has ended."""
        until = self.setting.loop.time() + seconds
        while self.setting.failure is None and self.setting.loop.time() < until:
            await asyncio.sleep(min(self.block_s, until - self.setting.loop.time()))

    async def _mine(self) -> None:
        while True:
            await asyncio.sleep(self.block_s)
            self.chain.mine()

    async def _revive(self) -> None:
        """Somebody starts again what has died."""
        while True:
            await asyncio.sleep(self.setting.random.uniform(5, 200))
            if self.block_s > BLOCK_S:
                return
            for machine in self.machines:
                if machine.process is not None and not machine.process.alive:
                    machine.start()

    def _mishap(self, process: Process) -> None:
        if process is not self.board.process and self.setting.chance(self.scale.deaths):
            self.setting.note(f"{process.name} dies at a step")
            process.kill()

    async def _weather(self) -> None:
        """One thing after the other goes wrong, for a few hours."""
        setting = self.setting
        end = setting.loop.time() + self.scale.intervals * SETTLEMENT_INTERVAL_S + 1_800
        while setting.loop.time() < end and setting.failure is None:
            await self._wait(setting.random.uniform(20, 400))
            self.weather.turn()

    def _start_exit(self, home: HomeMachine) -> None:
        channel, owner = home.identity.channel, home.identity.descriptor.owner

        def change(vault: VaultModel) -> object:
            return vault.start_exit(channel, ExitKind.OWNER_ALONE, to=owner)

        hour = self.setting.now_s // 3_600
        logged = ("ExitStarted(bytes32,address,uint256)", (channel, "0x" + owner.hex(), hour))
        self.chain.act(f"the exit of {home.name}", change, logged)

    def _check_paid(self) -> None:
        """In good weather all that was sold is billed, agreed to, signed for and durable, unless
        the chain would not pay it today."""
        for home in self.homes:
            account = self.witness.accounts[home.name]
            payee = None if self.hub.hub is None else self.hub.hub.book.homes.get(account.channel)
            if payee is None or home.agent is None:
                self.setting.require(False, "I-BI-5", sentence=f"{home.name} is not served")
                continue
            signed, stored = account.newest_signed, account.newest_stored
            payable = signed.spent_ubolt <= payee.view.ceiling_with(signed.earned_ubolt)
            self.setting.require(
                stored == signed or not payable,
                "I-CH-4",
                sentence=f"{home.name} signed {signed}, the hub holds {stored}",
            )
            if payee.stopped is None and home.agent.memory.refused == 0 and payable:
                over = len(account.meter.over())
                self.setting.require(
                    len(account.billed) == over,
                    "I-BI-5",
                    sentence=f"{home.name} metered {over} intervals, {len(account.billed)} are "
                    "billed, and nothing stands against it",
                )
                self._check_signed(home, account)

    def _check_signed(self, home: HomeMachine, account: Account) -> None:
        newest = account.billed[-1].statement if account.billed else None
        if newest is None:
            return
        due = Counters(newest.spent_ubolt, newest.earned_ubolt)
        self.setting.require(
            account.newest_signed == due,
            "I-CH-6",
            sentence=f"{home.name} signed {account.newest_signed} of {due}",
        )

    async def _leave(self) -> None:
        """Everybody leaves: within the window both sides post what they hold."""
        setting = self.setting
        for machine in self.machines:
            machine.pace_s = DAY_S // 4
        self.block_s = 3_600
        for home in self.homes:
            if not self.chain.head.state.vault.view(home.identity.channel).exit_started:
                self._start_exit(home)
        await self._wait(15 * DAY_S)
        if setting.failure is not None:
            return
        for home in self.homes:
            channel = home.identity.channel
            self.chain.act(
                f"{home.name} finishes its exit",
                lambda vault, channel=channel: vault.finish_exit(channel),  # type: ignore[misc]
            )
        await self._wait(6 * 3_600)
        for home in self.homes:
            account = self.witness.accounts[home.name]
            word = self.chain.head.state.vault.view(account.channel).word
            at_most = word.deposited + word.earned
            setting.require(
                word.spent == min(account.newest_stored.spent_ubolt, at_most),
                "I-VA-10",
                sentence=f"{home.name}: the chain paid the hub {word.spent} "
                f"of {account.newest_stored}",
            )
            setting.require(
                word.earned == account.credited,
                "I-VA-10",
                sentence=f"{home.name}: the chain credits {word.earned} of {account.credited}",
            )
            setting.require(
                word.headroom == 0, "I-VA-10", sentence=f"{home.name} still has {word.headroom}"
            )
