"""One suite for every place where keys are kept: open files, sealed files, a token."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridplus.digest import keccak256
from gridplus.failures import InputError, RemoteError, StorageError
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
from gridplus.keystore.sealing import Argon2Cost, PassphraseSealing
from gridplus.wallet import is_signed_by, verify_device
from tests.keystore import softhsm

QUICK = Argon2Cost(memory_kib=64, passes=1, lanes=1)
PASSPHRASE = b"correct horse battery staple"


class Place:
    """A key store, and how another process would open it."""

    def __init__(self, open_again: Callable[[], "KeyStore"], close: Callable[[], None]) -> None:
        self.open = open_again
        self.close = close


@pytest.fixture(params=["open files", "sealed files", "token"])
def place(request: pytest.FixtureRequest, tmp_path: Path, own: Path) -> Iterator[Place]:
    folder = tmp_path / "keys"
    if request.param == "open files":
        yield Place(lambda: KeyStore(folder), lambda: None)
    elif request.param == "sealed files":
        KeyStore.found(folder, PassphraseSealing.new(PASSPHRASE, cost=QUICK))
        yield Place(lambda: KeyStore(folder, passphrase=lambda: PASSPHRASE), lambda: None)
    else:
        module = softhsm.new_token(own)
        from gridplus.keystore.pkcs11 import Token, TokenStore

        token = Token(module, label=softhsm.LABEL, pin=softhsm.PIN)
        yield Place(lambda: TokenStore(folder, token), token.close)  # type: ignore[arg-type,return-value]
        token.close()


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("softhsm")


@pytest.fixture
def name() -> str:
    """A fresh name: one token serves all tests."""
    return "k" + secrets.token_hex(8)


def test_a_device_key_is_found_again_and_signs_as_before(place: Place, name: str) -> None:
    made = place.open().create(name, DeviceKey)
    again = place.open().load(name, DeviceKey)
    assert again.public == made.public
    signature = again.sign(b"a read")
    assert verify_device(made.public, b"a read", signature=signature)
    assert not verify_device(made.public, b"another", signature=signature)


def test_every_signature_of_a_device_has_low_s(place: Place, name: str) -> None:
    key = place.open().create(name, DeviceKey)
    for n in range(24):
        assert verify_device(key.public, b"%d" % n, signature=key.sign(b"%d" % n))


def test_an_account_is_found_again_and_signs_as_before(place: Place, name: str) -> None:
    made = place.open().create(name, Secp256k1Key)
    again = place.open().load(name, Secp256k1Key)
    digest = keccak256(b"a voucher")
    assert is_signed_by(made.address, digest, signature=again.sign(digest))
    assert not is_signed_by(made.address, keccak256(b"x"), signature=again.sign(digest))


def test_names_tell_of_both_kinds_and_of_nothing_else(place: Place, name: str) -> None:
    store = place.open()
    store.create(name, DeviceKey)
    store.create(name + "-v", Secp256k1Key)
    assert {name, name + "-v"} <= set(store.names())
    assert "store" not in store.names()


def test_no_key_takes_the_place_of_another(place: Place, name: str) -> None:
    store = place.open()
    made = store.create(name, DeviceKey)
    for kind in (DeviceKey, Secp256k1Key):
        with pytest.raises(StorageError, match="never overwritten"):
            store.create(name, kind)
    assert store.load(name, DeviceKey).public == made.public


def test_an_absent_key_is_refused_by_name(place: Place, name: str) -> None:
    for kind in (DeviceKey, Secp256k1Key):
        with pytest.raises(StorageError, match=name):
            place.open().load(name, kind)


def test_a_name_cannot_leave_the_store(place: Place) -> None:
    with pytest.raises(InputError, match="cannot name a key"):
        place.open().create("../x", DeviceKey)


def test_a_wrong_passphrase_is_told_from_a_damaged_key(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    store = KeyStore.found(folder, PassphraseSealing.new(PASSPHRASE, cost=QUICK))
    store.create("hub", Secp256k1Key)
    with pytest.raises(StorageError, match="passphrase does not open"):
        KeyStore(folder, passphrase=lambda: b"another passphrase")
    (folder / "hub.key").write_bytes((folder / "hub.key").read_bytes()[:-1] + b"x")
    with pytest.raises(StorageError, match="is damaged"):
        KeyStore(folder, passphrase=lambda: PASSPHRASE).load("hub", Secp256k1Key)


def test_sealed_files_cannot_change_places(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    store = KeyStore.found(folder, PassphraseSealing.new(PASSPHRASE, cost=QUICK))
    store.create("hub", Secp256k1Key)
    store.create("treasurer", Secp256k1Key)
    (folder / "hub.key").write_bytes((folder / "treasurer.key").read_bytes())
    with pytest.raises(StorageError, match="sealed for another name"):
        store.load("hub", Secp256k1Key)


def test_a_passphrase_that_anybody_would_guess_is_refused() -> None:
    with pytest.raises(InputError, match="8 bytes or more"):
        PassphraseSealing.new(b"1234567")


def test_a_store_is_founded_in_an_empty_directory(tmp_path: Path) -> None:
    KeyStore(tmp_path / "keys").create("hub", Secp256k1Key)
    with pytest.raises(StorageError, match="not empty"):
        KeyStore.found(tmp_path / "keys", PassphraseSealing.new(PASSPHRASE, cost=QUICK))


def test_no_file_of_a_sealed_store_holds_the_secret(tmp_path: Path) -> None:
    seed = bytes(range(32))
    KeyStore(tmp_path / "open").create("hub", Secp256k1Key, seed=seed)
    sealed = KeyStore.found(tmp_path / "keys", PassphraseSealing.new(PASSPHRASE, cost=QUICK))
    sealed.create("hub", Secp256k1Key, seed=seed)
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    plain = load_pem_private_key((tmp_path / "open" / "hub.pem").read_bytes(), None)
    secret = plain.private_numbers().private_value.to_bytes(32, "big")  # type: ignore[union-attr]
    for path in (tmp_path / "keys").iterdir():
        assert secret not in path.read_bytes()
        assert secret.hex().encode() not in path.read_bytes()


def test_a_wrong_pin_and_a_missing_token_are_refused(own: Path, tmp_path: Path) -> None:
    module = softhsm.new_token(own)
    from gridplus.keystore.pkcs11 import Token

    for label, pin in ((softhsm.LABEL, b"999999"), ("nobody", softhsm.PIN)):
        with pytest.raises(StorageError, match="cannot be opened"):
            Token(module, label=label, pin=pin)
    with pytest.raises(StorageError, match="cannot be opened"):
        Token(tmp_path / "no.so", label=softhsm.LABEL, pin=softhsm.PIN)


def test_a_token_that_is_unplugged_signs_nothing_and_says_so(own: Path, name: str) -> None:
    module = softhsm.new_token(own)
    from gridplus.keystore.pkcs11 import Token

    token = Token(module, label=softhsm.LABEL, pin=softhsm.PIN)
    token.create(name)
    key = token.device(name)
    token.close()
    with pytest.raises(RemoteError, match="signed nothing"):
        key.sign(b"a read")
