"""The rules of the embedded chain: Prague, the P-256 precompile, a cap on a transaction's gas.

py-evm ends at Prague. Of Osaka we add what the contracts rely on: EIP-7951 (secp256r1 verification
at 0x100, 6,900 gas) and EIP-7825 (no transaction above 2^24 gas). EIP-1559 transactions only.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from eth.abc import (
    BlockHeaderAPI,
    ComputationAPI,
    ReceiptAPI,
    SignedTransactionAPI,
    UnsignedTransactionAPI,
)
from eth.chains.base import MiningChain
from eth.constants import GAS_TX
from eth.typing import HeaderParams
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.computation import PRAGUE_PRECOMPILES, PragueComputation
from eth.vm.forks.prague.constants import STANDARD_TOKEN_COST, TOTAL_COST_FLOOR_PER_TOKEN
from eth.vm.forks.prague.state import PragueState
from eth_typing import Address as EthAddress
from eth_typing import BlockNumber
from eth_utils.exceptions import ValidationError

from gridplus.chain.port import MAX_TRANSACTION_GAS

P256_VERIFY = EthAddress((0x100).to_bytes(20, "big"))
P256_GAS = 6_900
BLOCK_GAS_LIMIT = 60_000_000
_MAX_INIT_CODE = 49_152
_CURVE = ec.SECP256R1()
_ECDSA = ec.ECDSA(Prehashed(SHA256()))
_TRUE = (1).to_bytes(32, "big")


def p256_answer(data: bytes) -> bytes:
    """32 bytes that end in 1 when `data` = hash, r, s, x, y (32 bytes each) verifies, else none.

    High s is accepted, the point at infinity is not. Source: EIP-7951, "Specification".
    """
    if len(data) != 160:
        return b""
    r, s, x, y = (int.from_bytes(data[at : at + 32], "big") for at in range(32, 160, 32))
    try:
        key = ec.EllipticCurvePublicNumbers(x, y, _CURVE).public_key()
        key.verify(encode_dss_signature(r, s), data[:32], _ECDSA)
    except (ValueError, InvalidSignature):
        return b""
    return _TRUE


def _p256_verify(computation: ComputationAPI) -> ComputationAPI:
    computation.consume_gas(P256_GAS, reason="P-256 verification")
    computation.output = p256_answer(computation.msg.data_as_bytes)
    return computation


class OsakaComputation(PragueComputation):
    _precompiles = {**PRAGUE_PRECOMPILES, P256_VERIFY: _p256_verify}  # noqa: RUF012 - py-evm's way


class OsakaState(PragueState):
    computation_class = OsakaComputation


class OsakaVM(PragueVM):
    """Raises ValidationError, before anything changes, for a transaction that may not be mined."""

    fork = "osaka"
    _state_class = OsakaState

    def apply_transaction(
        self, header: BlockHeaderAPI, transaction: SignedTransactionAPI
    ) -> tuple[ReceiptAPI, ComputationAPI]:
        self._require_affordable(transaction)
        return super().apply_transaction(header, transaction)

    def _require_affordable(self, transaction: SignedTransactionAPI) -> None:
        if transaction.gas > MAX_TRANSACTION_GAS:
            raise ValidationError(f"{transaction.gas} gas is above the cap {MAX_TRANSACTION_GAS}")
        if transaction.gas < (least := least_gas(transaction)):
            raise ValidationError(f"{transaction.gas} gas is below the {least} its data cost")
        if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
            raise ValidationError("the priority fee is above the maximum fee")
        if not transaction.to and len(transaction.data) > _MAX_INIT_CODE:
            raise ValidationError(f"creation code has more than {_MAX_INIT_CODE} bytes")
        worst = transaction.gas * transaction.max_fee_per_gas + transaction.value
        if (held := self.state.get_balance(transaction.sender)) < worst:
            raise ValidationError(
                f"insufficient funds: the sender holds {held} wei and may need {worst}"
            )
        if (due := self.state.get_nonce(transaction.sender)) != transaction.nonce:
            lies = "low" if transaction.nonce < due else "high"
            raise ValidationError(f"nonce too {lies}: the next is {due}, not {transaction.nonce}")


def least_gas(transaction: SignedTransactionAPI | UnsignedTransactionAPI) -> int:
    """Gas below which a transaction is not taken. Source: EIP-7623."""
    zeros = transaction.data.count(0)
    tokens = zeros + STANDARD_TOKEN_COST * (len(transaction.data) - zeros)
    floor = GAS_TX + TOTAL_COST_FLOOR_PER_TOKEN * tokens
    return max(floor, transaction.intrinsic_gas)


class OsakaChain(MiningChain):
    """py-evm's chain with one set of rules from genesis on and a block gas limit that stays."""

    vm_configuration = ((BlockNumber(0), OsakaVM),)

    def create_header_from_parent(
        self, parent_header: BlockHeaderAPI, **header_params: HeaderParams
    ) -> BlockHeaderAPI:
        fixed: dict[str, HeaderParams] = {
            "gas_limit": parent_header.gas_limit,
            "timestamp": parent_header.timestamp + 1,
        }
        return super().create_header_from_parent(parent_header, **fixed | header_params)
