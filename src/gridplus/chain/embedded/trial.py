"""Running a call on a throw-away state: what it would answer, and what gas it would take."""

from dataclasses import dataclass
from typing import cast

from eth.abc import SignedTransactionAPI, StateAPI
from eth.exceptions import Revert
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address as EthAddress
from eth_utils.exceptions import ValidationError

from gridplus.chain.embedded.osaka import least_gas
from gridplus.chain.port import Call, Reverted, revert_reason
from gridplus.wallet import Address


@dataclass(frozen=True, slots=True)
class Trial:
    """`refusal` is None when the call succeeded; `gas` is what it held at its height."""

    output: bytes
    refusal: Reverted | None
    gas: int


def attempt(state: StateAPI, call: Call, *, sender: Address, gas: int) -> Trial:
    """Run `call` from `sender` with `gas` on `state`, which is spent by it."""
    unsigned = PragueTransactionBuilder.new_unsigned_dynamic_fee_transaction(
        chain_id=state.execution_context.chain_id,
        nonce=state.get_nonce(EthAddress(sender)),
        max_priority_fee_per_gas=0,
        max_fee_per_gas=0,
        gas=gas,
        to=EthAddress(call.to or b""),
        value=call.value_wei,
        data=call.data,
        access_list=[],
    )
    least = least_gas(unsigned)
    if gas < least:
        return Trial(b"", Reverted(f"{gas} gas is below the {least} its data cost"), least)
    try:
        spoof = cast(SignedTransactionAPI, SpoofTransaction(unsigned, from_=sender))
        computation = state.apply_transaction(spoof)
    except ValidationError as error:
        return Trial(b"", Reverted(str(error)), least)
    refusal = None
    if computation.is_error:
        data = computation.output if isinstance(computation.error, Revert) else b""
        why = revert_reason(data) if data else type(computation.error).__name__
        refusal = Reverted(why, data)
    held = gas - computation.get_gas_remaining()
    return Trial(computation.output, refusal, max(held, least))
