"""The chain: one port, an embedded EVM or any JSON-RPC node behind it, and accounts that transact.

`gridplus.chain.embedded` (py-evm) and `gridplus.chain.server` are imported by name: whoever only
talks to a node does not pay for loading them.
"""

from gridplus.chain.account import Account
from gridplus.chain.port import (
    MAX_TRANSACTION_GAS,
    Block,
    Call,
    Chain,
    ChainError,
    Fees,
    Log,
    Receipt,
    Rejected,
    Reverted,
)
from gridplus.chain.rpc import RpcChain

__all__ = [
    "MAX_TRANSACTION_GAS",
    "Account",
    "Block",
    "Call",
    "Chain",
    "ChainError",
    "Fees",
    "Log",
    "Receipt",
    "Rejected",
    "Reverted",
    "RpcChain",
]
