"""What is lost on peers to whoever reads the mempool."""

from peers.ground import BOLT, Ground, key
from peers.openzeppelin import Dollar, taking
from peers.safe import Safe, Works


def test_a_device_to_whoever_copied_its_claim_from_the_mempool_on_openzeppelin(
    ground: Ground,
) -> None:
    """A permit says who may take, not who may show it: a stranger who copies one and is quicker
    undoes the transaction that shows and takes, and with it the street's batch.

    Nothing is stolen; the retailer sends the batch again, and is stopped again.
    """
    dollar, till = Dollar(ground), Safe(Works(ground), "retailer")
    street = [dollar.home(name) for name in ("ada", "bob")]
    permits = [dollar.permit(home, till.address, 12 * BOLT, nonce=0) for home in street]
    takings = [taking(home, till.address, 12 * BOLT) for home in street]
    parts = [part for both in zip(permits, takings, strict=True) for part in both]
    batch = till.batch(*((dollar.address, part) for part in parts))
    ground.send(key("stranger"), dollar.address, permits[1])
    assert ground.refused(till.keys[0], till.address, batch)
    assert dollar.balance(till.address) == 0
