"""Raw transactions from outside -> py-evm's, or a sentence why not."""

from typing import cast

import rlp
from eth.abc import SignedTransactionAPI
from eth.vm.forks.london.transactions import DynamicFeeTransaction
from eth.vm.forks.prague.transactions import PragueTypedTransaction
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException

from gridplus.failures import invariant

_DYNAMIC_FEE = 2


def parse_transaction(raw: bytes, *, chain_id: int) -> SignedTransactionAPI:
    """A signed EIP-1559 transaction for this chain whose hash is keccak(raw).

    Raises ValidationError for anything else. What py-evm would read but write differently (it takes
    an empty list for a zero) is refused: a block that holds such a thing cannot be sealed.
    """
    if raw[:1] != bytes([_DYNAMIC_FEE]):
        raise ValidationError("only EIP-1559 transactions (type 2) are taken")
    try:
        # The copy forgets the bytes it was read from, and so is written anew.
        inner = cast(DynamicFeeTransaction, rlp.decode(raw[1:], DynamicFeeTransaction).copy())
        transaction = PragueTypedTransaction(_DYNAMIC_FEE, inner)
        transaction.validate()
        invariant(len(transaction.sender) == 20, "a signature names an address")
        written = transaction.encode()
    except (RLPException, BadSignature, TypeError, ValueError) as error:
        raise ValidationError(f"malformed transaction: {error}") from None
    if written != raw:
        raise ValidationError("malformed transaction: it is not in its one canonical form")
    if transaction.chain_id != chain_id:
        raise ValidationError(f"it is for chain {transaction.chain_id}, not {chain_id}")
    return transaction
