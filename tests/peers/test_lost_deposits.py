"""What homes lose on peers: deposits that one stolen key moves, or that a close has locked."""

from gridplus.contracts import calls
from gridplus.digest import keccak256
from peers import machinomy
from peers.ground import BOLT, DAY_S, Ground, key
from peers.nitro import Adjudicator, Channel
from peers.one_to_n import Desk, Iou
from peers.raiden import SETTLE_TIMEOUT_S, Network
from peers.vector import Factory

DEPOSIT = 500 * BOLT


def test_a_month_of_deposit_by_many_claims_of_one_day_on_one_to_n(ground: Ground) -> None:
    """The key that signs IOUs signs them to anybody who registers, for all there is, at once."""
    desk, thief = Desk(ground), key("thief")
    ada = desk.home("ada")
    desk.deposit(ada, DEPOSIT)
    desk.register(thief)
    iou = Iou(ada, thief.address, DEPOSIT, ground.now_s + DAY_S)
    ground.send(thief, desk.address, desk.claim(iou))
    assert (desk.held(ada.address), desk.held(thief.address)) == (0, DEPOSIT)


def test_a_month_of_deposit_by_many_claims_of_one_day_on_raiden(ground: Ground) -> None:
    """The key that signs payments is also the address that a close pays: four hours, and gone.

    The hub can only show what it was paid.
    """
    network = Network(ground)
    ada = network.home("ada")
    channel, _ = network.open(ada, DEPOSIT)
    network.close(channel)
    network.answer(channel, transferred=12 * BOLT)
    ground.pass_time(SETTLE_TIMEOUT_S + 1)
    network.settle(channel, transferred=12 * BOLT)
    ground.send(ada, ground.token, calls.transfer(key("thief").address, DEPOSIT - 12 * BOLT))
    assert ground.balance(key("thief").address) == DEPOSIT - 12 * BOLT


def test_a_month_of_deposit_by_many_claims_of_one_day_on_nitro(ground: Ground) -> None:
    """Where a payout goes is signed with the same key as each payment, and nothing caps a day:
    a box that was broken into pays its hub all there is, in one block."""
    court = Adjudicator(ground)
    channel = Channel(court.home("ada"), court.hub, 1)
    court.deposit(channel, DEPOSIT)
    court.conclude(channel, court.outcome(channel, home=0, hub=DEPOSIT), by=court.hub)
    assert ground.balance(court.hub.address) == DEPOSIT


def test_a_month_of_deposit_by_many_claims_of_one_day_on_machinomy(ground: Ground) -> None:
    """As on Nitro: what the payer's key has promised is taken at once, up to all there is."""
    contract = machinomy.Contract(ground)
    channel = machinomy.Channel(keccak256(b"ada's channel"), contract.home("ada"))
    contract.open(channel, DEPOSIT)
    contract.claim(channel, DEPOSIT, promise=contract.promise(channel, DEPOSIT))
    assert ground.balance(contract.hub.address) == DEPOSIT


def test_a_month_of_deposit_by_many_claims_of_one_day_on_vector(ground: Ground) -> None:
    """As on Raiden: the key that signs payments also takes what a dispute leaves, in two days."""
    factory = Factory(ground)
    channel, _ = factory.open("ada")
    factory.deposit(channel, DEPOSIT)
    newest = factory.state(channel, hub=12 * BOLT, home=DEPOSIT - 12 * BOLT, nonce=7)
    factory.dispute(channel, newest, by=channel.home)
    ground.pass_time(DAY_S + 1)
    factory.leave(channel, newest)
    stolen = calls.transfer(key("thief").address, DEPOSIT - 12 * BOLT)
    ground.send(channel.home, ground.token, stolen)
    assert ground.balance(key("thief").address) == DEPOSIT - 12 * BOLT


def test_a_new_deposit_by_the_close_of_an_old_one_on_machinomy(ground: Ground) -> None:
    """A channel that was claimed is forgotten, with its name: a payer who uses the name again has
    paid the old promise again. Who draws each name at random is safe.
    """
    contract = machinomy.Contract(ground)
    channel = machinomy.Channel(keccak256(b"ada and her retailer"), contract.home("ada"))
    contract.open(channel, 30 * BOLT)
    old = contract.promise(channel, 25 * BOLT)
    for month in (1, 2):
        contract.claim(channel, 25 * BOLT, promise=old)
        assert ground.balance(contract.hub.address) == month * 25 * BOLT
        contract.open(channel, 30 * BOLT)


def test_a_new_deposit_by_the_close_of_an_old_one_locked_on_nitro(ground: Ground) -> None:
    """A concluded channel takes a deposit and gives it to nobody: its outcome is paid and final."""
    court = Adjudicator(ground)
    ada = court.home("ada")
    channel = Channel(ada, court.hub, 1)
    court.deposit(channel, 30 * BOLT)
    last = court.outcome(channel, home=5 * BOLT, hub=25 * BOLT)
    court.conclude(channel, last, by=ada)
    assert ground.balance(ada.address) == 975 * BOLT
    court.deposit(channel, 5 * BOLT)
    court.pay_out(channel, court.outcome(channel, home=0, hub=0), challenged=False)
    data = court.conclusion(channel, court.outcome(channel, home=5 * BOLT, hub=0))
    assert ground.refused(ada, court.address, data) == "Channel finalized."
    assert ground.balance(ada.address) == 970 * BOLT
    assert ground.balance(court.address) == 5 * BOLT


def test_a_new_deposit_by_the_close_of_an_old_one_replayed_on_nitro(ground: Ground) -> None:
    """A state names chain, sides and a number, and no contract: where the contract is replaced and
    a wallet counts from one again, the hub shows the last state of the old one and is paid twice.

    Sides that never use a number again, anywhere on the chain, are safe.
    """
    old, new = Adjudicator(ground), Adjudicator(ground)
    ada = old.home("ada")
    ground.send(ada, ground.token, calls.approve(new.address, calls.UNLIMITED))
    channel, fresh = Channel(ada, old.hub, 1), Channel(ada, old.hub, 2)
    last = old.outcome(channel, home=5 * BOLT, hub=25 * BOLT)
    signed = old.conclusion(channel, last)
    old.deposit(channel, 30 * BOLT)
    ground.send(old.hub, old.address, signed)
    new.deposit(fresh, 30 * BOLT)
    assert ground.refused(old.hub, old.address, signed) == "Channel finalized."
    new.deposit(channel, 30 * BOLT)
    ground.send(old.hub, new.address, signed)
    assert ground.balance(old.hub.address) == 50 * BOLT
    assert ground.balance(new.address) == 30 * BOLT
