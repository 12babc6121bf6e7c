"""What only the embedded chain promises: its rules, its clock, its file."""

import random
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import rlp

from gridplus.chain import MAX_TRANSACTION_GAS, Account, Call, Chain, ChainError, Rejected, Reverted
from gridplus.chain.embedded import EmbeddedChain, Genesis
from gridplus.chain.transaction import Terms, signed_transaction
from gridplus.digest import keccak256
from gridplus.failures import StorageError
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from tests.chain.adder import CREATION, assemble, creation_code, word
from tests.chain.places import CHAIN_ID, URI_S, HandClock, embedded, genesis, new_key

NOBODY = Address(b"\x0b" * 20)


@pytest.fixture
def key(tmp_path: Path) -> Secp256k1Key:
    return new_key(tmp_path, "funded")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def chain(key: Secp256k1Key, clock: HandClock) -> Iterator[EmbeddedChain]:
    with EmbeddedChain(None, clock, genesis=genesis(key)) as made:
        yield made


def sign(chain: Chain, key: Secp256k1Key, call: Call, *, nonce: int, gas: int = 21_000) -> bytes:
    return signed_transaction(key, call, terms=Terms(chain.chain_id, nonce, gas, chain.fees()))


def seen_time_s(chain: Chain, contract: Address, *, block: int | None = None) -> int:
    return int.from_bytes(chain.call(contract, b"", block=block)[32:], "big")


def test_block_time_is_the_clock_s_and_never_stands_still(
    chain: EmbeddedChain, key: Secp256k1Key, clock: HandClock
) -> None:
    assert chain.head().timestamp_s == URI_S
    times = []
    for now_s in (URI_S, URI_S, URI_S + 900, URI_S + 900, URI_S + 86_400):
        clock.shown_s = now_s
        Account(key, chain).transact(Call(to=NOBODY))
        times.append(chain.head().timestamp_s - URI_S)
    assert times == [1, 2, 900, 901, 86_400]


def test_contracts_see_the_time_of_their_block_and_calls_that_of_the_clock(
    chain: EmbeddedChain, key: Secp256k1Key, clock: HandClock
) -> None:
    store_time = assemble("TIMESTAMP", "PUSH0", "SSTORE")
    account = Account(key, chain)
    adder, keeper = account.deploy(CREATION), account.deploy(creation_code(store_time))
    clock.shown_s = URI_S + 3_600
    account.transact(Call(to=keeper))
    assert chain.storage(keeper, 0) == word(URI_S + 3_600)
    clock.shown_s = URI_S + 7_200
    assert seen_time_s(chain, adder) == URI_S + 7_200
    assert seen_time_s(chain, adder, block=chain.head().number) == URI_S + 3_600


def test_a_batch_that_fills_a_block_spills_into_the_next(
    chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    call = Call(to=NOBODY, gas=MAX_TRANSACTION_GAS)
    receipts = Account(key, chain).transact_many([call] * 5)
    assert [receipt.block_number for receipt in receipts] == [1, 1, 1, 2, 2]


def test_a_gap_in_the_nonces_is_rejected(chain: EmbeddedChain, key: Secp256k1Key) -> None:
    with pytest.raises(Rejected, match="nonce too high: the next is 0, not 1"):
        chain.send([sign(chain, key, Call(to=NOBODY), nonce=1)])


def test_gas_above_the_cap_is_rejected_and_the_cap_is_not(
    chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    call = Call(to=NOBODY)
    with pytest.raises(Rejected, match="16777217 gas is above the cap 16777216"):
        chain.send([sign(chain, key, call, nonce=0, gas=MAX_TRANSACTION_GAS + 1)])
    assert chain.head().number == 0
    assert len(chain.send([sign(chain, key, call, nonce=0, gas=MAX_TRANSACTION_GAS)])) == 1


def test_gas_below_what_the_data_costs_is_rejected(chain: EmbeddedChain, key: Secp256k1Key) -> None:
    """EIP-7623: 21,000 and 40 for each byte that is not zero."""
    call = Call(to=NOBODY, data=b"\x01" * 1_000)
    with pytest.raises(Rejected, match="60999 gas is below the 61000"):
        chain.send([sign(chain, key, call, nonce=0, gas=60_999)])
    (sent,) = chain.send([sign(chain, key, call, nonce=0, gas=61_000)])
    receipt = chain.receipt(sent)
    assert receipt is not None
    assert receipt.gas_used == 61_000


def test_creation_code_above_the_limit_is_rejected(chain: EmbeddedChain, key: Secp256k1Key) -> None:
    """EIP-3860: 49,152 bytes."""
    for length, taken in ((49_153, False), (49_152, True)):
        raw = sign(chain, key, Call(to=None, data=bytes(length)), nonce=0, gas=3_000_000)
        assert isinstance(chain.mine([raw])[0], bytes) is taken


def test_only_eip_1559_transactions_are_taken(chain: EmbeddedChain) -> None:
    for first_byte in (0x01, 0x03, 0x04, 0xF8):
        with pytest.raises(Rejected, match="only EIP-1559"):
            chain.send([bytes([first_byte]) + bytes(100)])


def test_a_transaction_that_py_evm_would_write_otherwise_is_rejected(
    chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    """An empty list where a zero belongs is read as a zero, but is another transaction."""
    terms = Terms(CHAIN_ID, 0, 21_000, chain.fees())
    fields: list[Any] = [CHAIN_ID, 0, 0, terms.max_fee_wei, 21_000, NOBODY, [], b"", []]
    signature = key.sign(keccak256(b"\x02" + rlp.encode(fields)))
    parity, s = signature[32] >> 7, int.from_bytes(signature[32:], "big") & ((1 << 255) - 1)
    signed = [*fields, parity, int.from_bytes(signature[:32], "big"), s]
    with pytest.raises(Rejected, match="canonical form"):
        chain.send([b"\x02" + rlp.encode(signed)])


def test_whatever_bytes_arrive_the_chain_stays_whole(
    chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    seed = 20_210_215
    chance = random.Random(seed)
    good = sign(chain, key, Call(to=NOBODY, value_wei=3), nonce=0)
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        if bytes(raw) != good:
            assert isinstance(chain.mine([bytes(raw)])[0], Rejected), f"seed {seed}: {raw.hex()}"
    assert chain.head().number == 0
    assert isinstance(chain.mine([good])[0], bytes)


def test_the_estimate_covers_what_a_callee_must_be_offered(
    chain: EmbeddedChain, key: Secp256k1Key
) -> None:
    """A contract that demands 50,000 gas left, called by one that passes on 63/64 of its own."""
    account = Account(key, chain)
    demanding = account.deploy(creation_code(_demand(50_000)))
    passing = account.deploy(creation_code(_pass_on(demanding)))
    call = Call(to=passing)
    gas = chain.estimate_gas(call, sender=key.address)
    assert gas > 71_000
    assert account.transact(Call(to=passing, gas=gas)).gas_used < gas
    with pytest.raises(Reverted):
        account.transact(Call(to=passing, gas=60_000))


def _demand(gas: int) -> bytes:
    """PUSH3 gas, GAS, LT, then revert when less is left."""
    head = bytes([0x62]) + gas.to_bytes(3, "big") + bytes([0x5A, 0x10])
    return head + bytes([0x60, len(head) + 4, 0x57, 0x00, 0x5B, 0x5F, 0x5F, 0xFD])


def _pass_on(target: Address) -> bytes:
    """CALL(GAS, target) and revert when it failed."""
    head = bytes([0x5F] * 5 + [0x73]) + target + bytes([0x5A, 0xF1])
    return head + bytes([0x60, len(head) + 4, 0x57, 0xFE, 0x5B, 0x00])


def test_a_call_that_cannot_be_paid_for_is_refused(chain: EmbeddedChain) -> None:
    with pytest.raises(Reverted, match="enough balance"):
        chain.estimate_gas(Call(to=NOBODY, value_wei=1), sender=NOBODY)


def test_a_restart_finds_the_same_chain(tmp_path: Path, key: Secp256k1Key) -> None:
    path = tmp_path / "chain"
    with embedded(path, key) as chain:
        account = Account(key, chain)
        adder = account.deploy(CREATION)
        receipt = account.transact(Call(to=adder, data=word(7)))
        head, nonce = chain.head(), chain.nonce(key.address)
    with embedded(path, key) as chain:
        assert chain.head() == head
        assert chain.nonce(key.address) == nonce
        assert chain.storage(adder, 0) == word(7)
        assert chain.receipt(receipt.transaction_hash) == receipt
        assert chain.logs(adder, [], from_block=0, to_block=head.number) == receipt.logs
        Account(key, chain).transact(Call(to=adder, data=word(1)))
        assert chain.head().parent_hash == head.hash


def test_an_existing_chain_keeps_its_own_accounts(tmp_path: Path, key: Secp256k1Key) -> None:
    with embedded(tmp_path / "chain", key) as chain:
        held = chain.balance(key.address)
    other = Genesis(CHAIN_ID, {NOBODY: 5})
    with EmbeddedChain(tmp_path / "chain", HandClock(), genesis=other) as chain:
        assert chain.balance(key.address) == held
        assert chain.balance(NOBODY) == 0


def test_a_chain_of_another_id_is_refused(tmp_path: Path, key: Secp256k1Key) -> None:
    embedded(tmp_path / "chain", key).close()
    with pytest.raises(StorageError, match=r"chain file .* carries chain 31337, not chain 1$"):
        EmbeddedChain(tmp_path / "chain", HandClock(), genesis=Genesis(1, {}))
    embedded(tmp_path / "chain", key).close()


def test_a_chain_that_another_holds_is_refused_until_it_is_closed(
    tmp_path: Path, key: Secp256k1Key
) -> None:
    with (
        embedded(tmp_path / "chain", key),
        pytest.raises(StorageError, match="in use by another process"),
    ):
        embedded(tmp_path / "chain", key)
    embedded(tmp_path / "chain", key).close()


def test_a_file_that_is_no_chain_is_refused_and_left_alone(
    tmp_path: Path, key: Secp256k1Key
) -> None:
    path = tmp_path / "chain"
    path.write_bytes(b"a letter, not a database. " * 100)
    with pytest.raises(StorageError, match="cannot be used: file is not a database"):
        embedded(path, key)
    assert path.read_bytes().startswith(b"a letter")


def test_a_database_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, key: Secp256k1Key
) -> None:
    path = tmp_path / "journal"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE fact (id INTEGER)")
    other.close()
    content = path.read_bytes()
    with pytest.raises(StorageError, match="is a database of something else"):
        embedded(path, key)
    assert path.read_bytes() == content


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path, key: Secp256k1Key) -> None:
    with pytest.raises(StorageError, match=r"chain file .*absent.chain cannot be opened"):
        embedded(tmp_path / "absent" / "chain", key)


@contextmanager
def no_file_may_grow_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_the_block_and_nothing_else(tmp_path: Path, key: Secp256k1Key) -> None:
    path = tmp_path / "chain"
    with embedded(path, key) as chain:
        account = Account(key, chain)
        adder = account.deploy(CREATION)
        head = chain.head()
        size = sum(file.stat().st_size for file in tmp_path.glob("chain*"))
        with (
            no_file_may_grow_beyond(size // 2),
            pytest.raises(StorageError, match="refused a block"),
        ):
            account.transact(Call(to=adder, data=word(7)))
        assert chain.head() == head
        assert chain.storage(adder, 0) == word(0)
        account.transact(Call(to=adder, data=word(8)))
    with embedded(path, key) as chain:
        assert chain.head().parent_hash == head.hash
        assert chain.storage(adder, 0) == word(8)


def test_an_agent_that_asks_a_node_loads_no_evm_and_no_web_server() -> None:
    script = (
        "import sys, gridplus.chain; "
        "sys.exit(any(name in sys.modules for name in ('eth', 'rlp', 'starlette', 'uvicorn')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_block_that_is_not_there_is_an_error_for_calls_too(chain: EmbeddedChain) -> None:
    with pytest.raises(ChainError, match="no block 5"):
        chain.call(NOBODY, b"", block=5)
