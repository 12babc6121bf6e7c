"""The recovery stories run on the embedded chain and on anvil."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gridplus.chain import Account, Call
from gridplus.chain.embedded import EmbeddedChain
from gridplus.keystore import KeyStore, Secp256k1Key
from tests.chain.places import HandClock, anvil, anvil_binary, genesis, new_key
from tests.owner.place import Home, Retailer, found, move_in, settle


@pytest.fixture(scope="session", params=["embedded", "anvil"])
def retailer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Retailer]:
    folder = tmp_path_factory.mktemp("retailer")
    keys = KeyStore(folder / "keys")
    if request.param == "embedded":
        clock = HandClock()

        def pass_time(seconds: int) -> None:
            clock.shown_s += seconds
            mark(roles)

        roles = found(None, keys, pass_time)  # type: ignore[arg-type]
        with EmbeddedChain(None, clock, genesis=genesis(*roles.keys.values())) as chain:
            roles.chain = chain
            yield settle(roles)
        return
    binary = anvil_binary()
    if binary is None:
        pytest.skip("GRIDPLUS_ANVIL names no anvil binary")
    with anvil(binary, new_key(folder, "funded")) as node:

        def skip_time(seconds: int) -> None:
            node.ask("evm_increaseTime", seconds)
            node.mine()

        roles = found(node.chain, keys, skip_time)
        for key in roles.keys.values():
            node.ask("anvil_setBalance", f"0x{key.address.hex()}", hex(10**21))
        yield settle(roles)


def mark(retailer: Retailer) -> None:
    """Make a block, so that the chain shows the new time."""
    holder = retailer.keys["holder"]
    Account(holder, retailer.chain).transact(Call(holder.address))


@pytest.fixture
def home(retailer: Retailer, tmp_path: Path) -> Home:
    return fund(retailer, move_in(retailer, tmp_path / "home"))


def fund(retailer: Retailer, home: Home) -> Home:
    """Give the owner a little ether, for the transactions that only he may send."""
    holder = Account(retailer.keys["holder"], retailer.chain)
    holder.transact(Call(home.owner.address, value_wei=10**18))
    return home


@pytest.fixture
def stranger(tmp_path: Path) -> Secp256k1Key:
    return KeyStore(tmp_path / "stranger").create("thief", Secp256k1Key)
