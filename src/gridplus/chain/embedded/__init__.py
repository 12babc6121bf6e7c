"""The embedded EVM: all of py-evm that Grid+ knows of is behind this package."""

from gridplus.chain.embedded.history import LogFilter
from gridplus.chain.embedded.node import BlockClock, EmbeddedChain, Genesis

__all__ = ["BlockClock", "EmbeddedChain", "Genesis", "LogFilter"]
