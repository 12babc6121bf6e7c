"""What payees lose on peers with their hot key."""

from gridplus.contracts import calls
from peers.ground import BOLT, Ground, key
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
