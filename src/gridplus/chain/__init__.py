"""The chain: one port, an embedded EVM or any JSON-RPC node behind it, and accounts that transact.

`gridplus.chain.embedded` (py-evm) and `gridplus.chain.server` are imported by name: whoever only
talks to a node does not pay for loading them.
"""

from gridplus.chain.account import Account
from gridplus.chain.outbox import Outbox
from gridplus.chain.port import (
    MAX_TRANSACTION_GAS,
    Block,
    Call,
    Chain,
    ChainError,
    Fees,
    FeeTooHigh,
    Log,
    Receipt,
    Rejected,
    Reverted,
    TooMuchGas,
)
from gridplus.chain.rpc import RpcChain
from gridplus.chain.sender import (
    USUAL_FEES,
    FeeRules,
    GivenUp,
    Overtaken,
    Sender,
    Standing,
    Unsettled,
)

__all__ = [
    "MAX_TRANSACTION_GAS",
    "USUAL_FEES",
    "Account",
    "Block",
    "Call",
    "Chain",
    "ChainError",
    "FeeRules",
    "FeeTooHigh",
    "Fees",
    "GivenUp",
    "Log",
    "Outbox",
    "Overtaken",
    "Receipt",
    "Rejected",
    "Reverted",
    "RpcChain",
    "Sender",
    "Standing",
    "TooMuchGas",
    "Unsettled",
]
