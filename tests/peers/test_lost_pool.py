"""What payees lose on peers with their hot key."""

from gridplus.contracts import calls
from peers.ground import BOLT, DAY_S, Ground, key
from peers.one_to_n import Desk, Iou
from peers.raiden import Network


def test_the_pool_to_a_thief_of_the_hot_key_with_a_channel_of_his_own_on_raiden(
    ground: Ground,
) -> None:
    """The key that signs each withdrawal is the address that it pays. No channel of his own is
    needed: one transfer takes all that the hub has not yet moved away, without delay or second key.
    """
    network, thief = Network(ground), key("thief")
    for name in ("ada", "bob", "eve"):
        channel, _ = network.open(network.home(name), 100 * BOLT)
        network.withdraw(channel, network.hub, total=30 * BOLT)
    assert ground.balance(network.hub.address) == 90 * BOLT
    ground.send(network.hub, ground.token, calls.transfer(thief.address, 90 * BOLT))
    assert ground.balance(network.hub.address) == 0


def test_the_pool_to_a_treasurer_who_always_has_a_request_standing_on_one_to_n(
    ground: Ground,
) -> None:
    """What backs a retailer's IOUs to homes that earn is his to withdraw in one transaction, if he
    announced it once, long ago. The homes see the announcement, and never how long they have."""
    desk = Desk(ground)
    retailer, ada = desk.home("retailer"), desk.home("ada")
    desk.register(ada)
    desk.deposit(retailer, 150 * BOLT)
    desk.plan(retailer, 150 * BOLT)
    ground.pass_time(300 * DAY_S)
    earned = Iou(retailer, ada.address, 10 * BOLT, ground.now_s + 30 * DAY_S)
    desk.withdraw(retailer, 150 * BOLT)
    ground.send(ada, desk.address, desk.claim(earned))
    assert desk.held(ada.address) == 0
    assert ground.balance(retailer.address) == 1_000 * BOLT
