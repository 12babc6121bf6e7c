"""What every `Chain` does, over an embedded one in memory and on a file, ours served, and anvil."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from gridplus.chain import (
    Account,
    Call,
    Chain,
    ChainError,
    Rejected,
    Reverted,
    RpcChain,
    TooMuchGas,
)
from gridplus.chain.patience import Patience, ask_until
from gridplus.chain.transaction import Terms, signed_transaction
from gridplus.keystore import KeyStore, Secp256k1Key
from gridplus.wallet import Address
from tests.chain.adder import ADDED, CREATION, RUNTIME, assemble, creation_code, word
from tests.chain.p256_vectors import BAD, GOOD
from tests.chain.places import ETHER, anvil, anvil_binary, embedded, new_key, served

P256 = Address((0x100).to_bytes(20, "big"))
NOBODY = Address(b"\x0b" * 20)


@dataclass
class Stand:
    """A chain, a funded key, and keys nobody has used."""

    chain: Chain
    key: Secp256k1Key
    keys: KeyStore
    one_block_a_batch: bool
    names: Iterator[int] = field(default_factory=count)

    @property
    def account(self) -> Account:
        return Account(self.key, self.chain)

    def fresh_key(self) -> Secp256k1Key:
        return self.keys.create(f"fresh-{next(self.names)}", Secp256k1Key)

    def sign(self, call: Call, *, nonce: int, gas: int = 100_000, chain_id: int = 0) -> bytes:
        terms = Terms(chain_id or self.chain.chain_id, nonce, gas, self.chain.fees())
        return signed_transaction(self.key, call, terms=terms)

    @property
    def nonce(self) -> int:
        return self.chain.nonce(self.key.address)


@pytest.fixture(scope="module", params=["memory", "file", "served", "anvil"])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    directory: Path = tmp_path_factory.mktemp("chain")
    key = new_key(directory, "funded")
    keys = KeyStore(directory / "keys")
    match request.param:
        case "memory":
            with embedded(None, key) as chain:
                yield Stand(chain, key, keys, one_block_a_batch=True)
        case "file":
            with embedded(directory / "chain", key) as chain:
                yield Stand(chain, key, keys, one_block_a_batch=True)
        case "served":
            with served(directory, key) as server, RpcChain(server.url) as remote:
                yield Stand(remote, key, keys, one_block_a_batch=True)
        case _:
            binary = anvil_binary()
            if binary is None:
                pytest.skip("GRIDPLUS_ANVIL names no anvil binary")
            with anvil(binary, key) as node:
                yield Stand(node.chain, key, keys, one_block_a_batch=False)


@pytest.fixture(scope="module")
def adder(stand: Stand) -> Address:
    """It has added already, so that what adding costs does not depend on the order of tests."""
    deployed = stand.account.deploy(CREATION)
    stand.account.transact(Call(to=deployed, data=word(1)))
    return deployed


def test_an_address_never_used_has_nothing(stand: Stand) -> None:
    address = stand.fresh_key().address
    assert stand.chain.balance(address) == 0
    assert stand.chain.nonce(address) == 0
    assert stand.chain.code(address) == b""
    assert stand.chain.storage(address, 0) == word(0)


def test_a_transfer_moves_value_and_burns_the_fee_its_receipt_names(stand: Stand) -> None:
    payee = stand.fresh_key().address
    before, nonce = stand.chain.balance(stand.key.address), stand.nonce
    receipt = stand.account.transact(Call(to=payee, value_wei=5))
    fee = receipt.gas_used * receipt.gas_price_wei
    assert receipt.succeeded
    assert receipt.gas_used == 21_000
    assert receipt.created is None
    assert receipt.logs == ()
    assert stand.chain.balance(payee) == 5
    assert stand.chain.balance(stand.key.address) == before - 5 - fee
    assert stand.nonce == nonce + 1


def test_a_receipt_is_found_by_hash_and_an_unknown_hash_has_none(stand: Stand) -> None:
    receipt = stand.account.transact(Call(to=NOBODY, value_wei=1))
    assert stand.chain.receipt(receipt.transaction_hash) == receipt
    assert stand.chain.receipt(bytes(32)) is None


def test_blocks_are_chained_by_hash_and_time_does_not_run_back(stand: Stand) -> None:
    before = stand.chain.head()
    receipt = stand.account.transact(Call(to=NOBODY))
    after = stand.chain.head()
    assert (after.number, after.hash) == (receipt.block_number, receipt.block_hash)
    assert after.parent_hash == before.hash
    assert after.timestamp_s >= before.timestamp_s
    assert after.gas_used == 21_000
    assert stand.chain.block(before.number) == before


def test_a_block_that_is_not_there_is_an_error(stand: Stand) -> None:
    with pytest.raises(ChainError, match="no block 987654"):
        stand.chain.block(987_654)


def test_a_contract_is_where_its_receipt_says(stand: Stand) -> None:
    receipt = stand.account.transact(Call(to=None, data=CREATION))
    assert receipt.created is not None
    assert stand.chain.code(receipt.created) == RUNTIME


def test_creation_code_that_leaves_nothing_behind_is_an_error(stand: Stand) -> None:
    with pytest.raises(ChainError, match="left no contract"):
        stand.account.deploy(b"\x00")


def test_a_transaction_changes_storage_and_a_call_does_not(stand: Stand, adder: Address) -> None:
    before = int.from_bytes(stand.chain.storage(adder, 0), "big")
    assert stand.chain.call(adder, word(7)) == word(before + 7)
    assert stand.chain.storage(adder, 0) == word(before)
    stand.account.transact(Call(to=adder, data=word(7)))
    assert stand.chain.storage(adder, 0) == word(before + 7)


def test_a_call_can_be_asked_of_an_older_block(stand: Stand, adder: Address) -> None:
    before = stand.chain.call(adder, b"")[:32]
    number = stand.chain.head().number
    stand.account.transact(Call(to=adder, data=word(3)))
    assert stand.chain.call(adder, b"", block=number)[:32] == before
    assert stand.chain.call(adder, b"")[:32] != before


def test_state_can_be_asked_of_an_older_block(stand: Stand, adder: Address) -> None:
    at, payee = stand.chain.head().number, stand.fresh_key().address
    before = stand.chain.storage(adder, 0), stand.nonce
    stand.account.transact(Call(to=adder, data=word(3)))
    stand.account.transact(Call(to=payee, value_wei=4))
    assert (stand.chain.balance(payee, block=at), stand.chain.balance(payee)) == (0, 4)
    assert stand.chain.storage(adder, 0, block=at) == before[0] != stand.chain.storage(adder, 0)
    assert stand.chain.nonce(stand.key.address, block=at) == before[1] == stand.nonce - 2
    assert stand.chain.code(adder, block=at) == RUNTIME
    assert stand.chain.code(adder, block=0) == b""
    with pytest.raises(ChainError):
        stand.chain.balance(payee, block=987_654)


def test_what_is_final_is_a_block_of_the_chain(stand: Stand) -> None:
    stand.account.transact(Call(to=NOBODY))
    final = stand.chain.finalized()
    assert final.number <= stand.chain.head().number
    assert stand.chain.block(final.number) == final


def test_a_refusing_contract_gives_its_reason_to_whoever_asks(stand: Stand, adder: Address) -> None:
    refused = Call(to=adder, data=word(0))
    for ask in (
        lambda: stand.chain.call(adder, word(0)),
        lambda: stand.chain.estimate_gas(refused, sender=stand.key.address),
        lambda: stand.account.transact(refused),
    ):
        with pytest.raises(Reverted, match="zero refused") as caught:
            ask()
        assert caught.value.reason == "zero refused"
        assert caught.value.data[:4].hex() == "08c379a0"


def test_a_transaction_that_reverts_is_mined_and_gives_its_reason(
    stand: Stand, adder: Address
) -> None:
    before, nonce = stand.chain.storage(adder, 0), stand.nonce
    with pytest.raises(Reverted, match="zero refused"):
        stand.account.transact(Call(to=adder, data=word(0), gas=100_000))
    assert stand.chain.storage(adder, 0) == before
    assert stand.nonce == nonce + 1


def test_a_transaction_that_runs_out_of_gas_says_what_it_used(stand: Stand, adder: Address) -> None:
    with pytest.raises(Reverted, match="no reason given, 22000 gas used"):
        stand.account.transact(Call(to=adder, data=word(1), gas=22_000))


def test_the_estimate_is_enough_and_a_twentieth_less_is_not(stand: Stand, adder: Address) -> None:
    call = Call(to=adder, data=word(9))
    gas = stand.chain.estimate_gas(call, sender=stand.key.address)
    receipt = stand.account.transact(Call(to=adder, data=word(9), gas=gas))
    assert receipt.gas_used <= gas
    with pytest.raises(Reverted):
        stand.account.transact(Call(to=adder, data=word(9), gas=gas - gas // 20))


def test_what_no_gas_suffices_for_is_not_sent(stand: Stand) -> None:
    greedy = stand.account.deploy(creation_code(assemble("PUSH0", b"\xff" * 4, "MSTORE")))
    before = stand.nonce
    with pytest.raises(TooMuchGas, match="takes more than 16777216 gas"):
        stand.account.transact(Call(to=greedy))
    assert stand.nonce == before


def test_transactions_sent_together_are_mined_in_order(stand: Stand, adder: Address) -> None:
    payees = [stand.fresh_key().address for _ in range(3)]
    receipts = stand.account.transact_many(
        [Call(to=payee, value_wei=n) for n, payee in enumerate(payees, 1)]
        + [Call(to=adder, data=word(1)), Call(to=adder, data=word(2))]
    )
    assert [stand.chain.balance(payee) for payee in payees] == [1, 2, 3]
    numbers = [receipt.block_number for receipt in receipts]
    assert numbers == sorted(numbers)
    if stand.one_block_a_batch:
        assert len(set(numbers)) == 1
        assert [r.logs[0].index for r in receipts[3:]] == [0, 1]
        assert stand.chain.head().gas_used == sum(r.gas_used for r in receipts)


def test_nothing_sent_is_nothing_mined(stand: Stand) -> None:
    before = stand.chain.head()
    assert stand.chain.send([]) == ()
    assert stand.chain.head() == before


def test_logs_are_found_by_contract_topic_and_block(stand: Stand, adder: Address) -> None:
    first, second = (
        stand.account.transact(Call(to=adder, data=word(value))) for value in (1_001, 1_002)
    )
    here = {"from_block": first.block_number, "to_block": second.block_number}
    found = stand.chain.logs(adder, [ADDED], **here)
    assert found == first.logs + second.logs
    assert [log.topics for log in found] == [(ADDED, word(1_001)), (ADDED, word(1_002))]
    assert found[1].data == stand.chain.storage(adder, 0)
    assert stand.chain.logs(adder, [None, word(1_002)], **here) == second.logs
    assert stand.chain.logs(adder, [], **here) == found


def test_logs_of_others_are_not_found(stand: Stand, adder: Address) -> None:
    receipt = stand.account.transact(Call(to=adder, data=word(5)))
    here = {"from_block": receipt.block_number, "to_block": receipt.block_number}
    assert len(stand.chain.logs(adder, [ADDED], **here)) == 1
    assert stand.chain.logs(NOBODY, [ADDED], **here) == ()
    assert stand.chain.logs(adder, [word(5)], **here) == ()
    assert stand.chain.logs(adder, [ADDED, word(6)], **here) == ()
    before = receipt.block_number - 1
    assert receipt.logs[0] not in stand.chain.logs(adder, [ADDED], from_block=0, to_block=before)


def test_sending_again_what_is_mined_is_harmless(stand: Stand) -> None:
    raw = stand.sign(Call(to=NOBODY, value_wei=1), nonce=stand.nonce)
    (first,) = stand.chain.send([raw])
    stand.account.transact(Call(to=NOBODY))
    before = stand.chain.head()
    assert stand.chain.send([raw]) == (first,)
    assert stand.chain.head() == before


def rejected(stand: Stand, raw: bytes) -> str:
    before, nonce = stand.chain.balance(stand.key.address), stand.nonce
    with pytest.raises(Rejected) as caught:
        stand.chain.send([raw])
    assert caught.value.index == 0
    assert (stand.chain.balance(stand.key.address), stand.nonce) == (before, nonce)
    return caught.value.reason.lower()


def test_a_used_nonce_is_rejected(stand: Stand) -> None:
    stand.account.transact(Call(to=NOBODY))
    assert "nonce" in rejected(stand, stand.sign(Call(to=NOBODY), nonce=stand.nonce - 1))


def test_more_than_one_has_is_rejected(stand: Stand) -> None:
    rejected(stand, stand.sign(Call(to=NOBODY, value_wei=10_000 * ETHER), nonce=stand.nonce))


def test_a_transaction_for_another_chain_is_rejected(stand: Stand) -> None:
    rejected(stand, stand.sign(Call(to=NOBODY), nonce=stand.nonce, chain_id=1))


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\x02\xc0", b"\xff" * 40, b"\x02\xf8" + bytes(90)])
def test_bytes_that_are_no_transaction_are_rejected(stand: Stand, raw: bytes) -> None:
    rejected(stand, raw)


def test_a_changed_signature_is_not_the_signer_s(stand: Stand) -> None:
    raw = bytearray(stand.sign(Call(to=NOBODY, value_wei=1), nonce=stand.nonce))
    raw[-1] ^= 1
    rejected(stand, bytes(raw))


def test_one_rejected_transaction_does_not_stop_the_others(stand: Stand) -> None:
    payee, nonce = stand.fresh_key().address, stand.nonce
    good = [stand.sign(Call(to=payee, value_wei=1), nonce=nonce + n) for n in range(2)]
    with pytest.raises(Rejected) as caught:
        stand.chain.send([good[0], b"\x02", good[1]])
    assert caught.value.index == 1
    mined = ask_until(lambda: stand.chain.balance(payee) == 2 or None, patience=Patience(20))
    assert mined, "a node may send transactions together and mine them a moment later"


@pytest.mark.parametrize("name", GOOD)
def test_the_precompile_accepts_a_good_p256_signature(stand: Stand, name: str) -> None:
    assert stand.chain.call(P256, GOOD[name]) == word(1)


@pytest.mark.parametrize("name", BAD)
def test_the_precompile_answers_nothing_for_a_bad_p256_signature(stand: Stand, name: str) -> None:
    assert stand.chain.call(P256, BAD[name]) == b""


def test_the_precompile_costs_what_eip_7951_says(stand: Stand) -> None:
    """Beside the 6,900: 21,000 and the calldata floor do not reach it."""
    data = bytes(160)
    receipt = stand.account.transact(Call(to=P256, data=data))
    assert receipt.gas_used == 21_000 + 160 * 4 + 6_900
