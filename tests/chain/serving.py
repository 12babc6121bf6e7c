"""python -m tests.chain.serving DIRECTORY ADDRESS PORT: what `served` runs."""

import sys
from pathlib import Path

from gridplus.chain.embedded import Genesis
from gridplus.chain.server import ServedChain, serve_chain
from gridplus.clock import FileClock
from gridplus.wallet import Address
from tests.chain.places import CHAIN_ID, ETHER

if __name__ == "__main__":
    directory = Path(sys.argv[1])
    funded = Address(bytes.fromhex(sys.argv[2]))
    serve_chain(
        ServedChain(
            directory / "chain",
            FileClock(directory / "clock"),
            Genesis(CHAIN_ID, {funded: 1_000 * ETHER}),
        ),
        port=int(sys.argv[3]),
        exit_with_parent=True,
    )
