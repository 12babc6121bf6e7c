"""What payees lose on peers: money that payers had signed for, and that was gone when claimed."""

from gridplus.contracts import calls
from gridplus.digest import keccak256
from peers.ground import BOLT, DAY_S, Ground, key
from peers.one_to_n import WITHDRAW_TIMEOUT_S, Desk, Iou
from peers.openzeppelin import Dollar, taking
from peers.safe import Safe, Works

INSUFFICIENT_BALANCE = (
    "0x" + keccak256(b"ERC20InsufficientBalance(address,uint256,uint256)")[:4].hex()
)


def test_the_last_month_that_a_payer_hid_by_closing_at_zero_on_openzeppelin(
    ground: Ground,
) -> None:
    """An allowance is no deposit: the payer moves the money the block before it is taken.

    Who is quicker is paid; there is no window.
    """
    dollar, retailer = Dollar(ground), key("retailer")
    ada, bob = dollar.home("ada"), dollar.home("bob")
    for home in (ada, bob):
        permit = dollar.permit(home, retailer.address, 12 * BOLT, nonce=0)
        ground.send(retailer, dollar.address, permit)
    hide = calls.transfer(key("ada's other wallet").address, 1_000 * BOLT)
    ground.send(ada, dollar.address, hide)
    late = taking(ada, retailer.address, 12 * BOLT)
    assert ground.refused(retailer, dollar.address, late).startswith(INSUFFICIENT_BALANCE)
    ground.send(retailer, dollar.address, taking(bob, retailer.address, 12 * BOLT))
    assert dollar.balance(retailer.address) == 12 * BOLT


def test_a_day_of_a_whole_street_for_one_drained_channel_on_safe(ground: Ground) -> None:
    """A Safe that pulls from a street by MultiSend: one home that cannot pay undoes all."""
    till = Safe(Works(ground), "retailer")
    drained, *honest = (ground.home(name, lets=till.address) for name in ("dan", "ada", "bob"))
    ground.send(drained, ground.token, calls.transfer(key("elsewhere").address, 999 * BOLT))
    whole = till.pull([drained.address, *(home.address for home in honest)], 12 * BOLT)
    assert ground.refused(till.keys[0], till.address, whole)
    assert ground.balance(till.address) == 0

    till = Safe(Works(ground), "retailer of two")
    honest = [ground.home(name, lets=till.address) for name in ("eve", "fay")]
    both = till.pull([home.address for home in honest], 12 * BOLT)
    ground.send(till.keys[0], till.address, both)
    assert ground.balance(till.address) == 24 * BOLT


def test_a_day_of_a_whole_street_for_one_drained_channel_on_one_to_n(ground: Ground) -> None:
    """A drained payer saturates there; but whoever posts his own IOU first undoes the batch."""
    desk, until_s = Desk(ground), ground.now_s + 30 * DAY_S
    street = [desk.home(name) for name in ("dan", "ada", "bob")]
    for home in street:
        desk.deposit(home, 20 * BOLT)
    ious = [Iou(home, desk.hub.address, 12 * BOLT, until_s) for home in street]
    ground.send(street[0], desk.address, desk.claim(ious[0]))
    batch = desk.bulk_claim(*ious)
    assert ground.refused(desk.hub, desk.address, batch) == "Already settled session"
    ground.send(desk.hub, desk.address, desk.bulk_claim(*ious[1:]))
    assert desk.held(desk.hub.address) == 36 * BOLT


def test_the_allowance_of_saved_days_burnt_by_claims_of_nothing_on_one_to_n(
    ground: Ground,
) -> None:
    """A session is settled once: a payer who posts his oldest IOU himself voids the newest."""
    desk, until_s = Desk(ground), ground.now_s + 30 * DAY_S
    ada = desk.home("ada")
    desk.deposit(ada, 500 * BOLT)
    ground.send(ada, desk.address, desk.claim(Iou(ada, desk.hub.address, 1, until_s)))
    newest = desk.claim(Iou(ada, desk.hub.address, 181 * BOLT, until_s))
    assert ground.refused(desk.hub, desk.address, newest) == "Already settled session"
    desk.plan(ada, 500 * BOLT - 1)
    ground.pass_time(WITHDRAW_TIMEOUT_S + 1)
    desk.withdraw(ada, 500 * BOLT - 1)
    assert ground.balance(ada.address) == 1_000 * BOLT - 1
    assert desk.held(desk.hub.address) == 1


def test_every_claim_while_an_exit_is_kept_armed_on_one_to_n(ground: Ground) -> None:
    """A withdrawal announced on the first day stands for ever, and needs no window when used.

    Who announces it only when the month is over leaves the payee its window.
    """
    desk = Desk(ground)
    ada, bob = desk.home("ada"), desk.home("bob")
    for home in (ada, bob):
        desk.deposit(home, 90 * BOLT)
    desk.plan(ada, 90 * BOLT)
    ground.pass_time(300 * DAY_S)
    until_s = ground.now_s + 30 * DAY_S
    signed = [desk.claim(Iou(home, desk.hub.address, 18 * BOLT, until_s)) for home in (ada, bob)]
    desk.plan(bob, 90 * BOLT)
    desk.withdraw(ada, 90 * BOLT)
    for claim in signed:
        ground.send(desk.hub, desk.address, claim)
    assert desk.held(desk.hub.address) == 18 * BOLT
    assert ground.balance(ada.address) == 1_000 * BOLT
