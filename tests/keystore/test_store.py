"""A directory of keys: private, durable, never overwritten, the same again from a seed."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gridplus.failures import InputError, StorageError
from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key

SEED = bytes(range(16))


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_created_is_loaded_by_another_process_of_mine(
    store: KeyStore, tmp_path: Path
) -> None:
    hub = store.create("hub", Secp256k1Key)
    device = store.create("device-1", DeviceKey)
    again = KeyStore(tmp_path / "keys")
    assert again.names() == ("device-1", "hub")
    assert again.load("hub", Secp256k1Key).address == hub.address
    assert again.load("device-1", DeviceKey).public == device.public


def test_the_directory_and_its_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        KeyStore(tmp_path / "deep" / "keys").create("hub", Secp256k1Key)
    finally:
        os.umask(before)
    assert mode(tmp_path / "deep" / "keys") == 0o700
    assert [(p.name, mode(p)) for p in (tmp_path / "deep" / "keys").iterdir()] == [
        ("hub.pem", 0o600)
    ]


@pytest.mark.parametrize("loose", [0o750, 0o701, 0o777])
def test_a_directory_that_others_may_enter_is_refused(tmp_path: Path, loose: int) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(loose)
    with pytest.raises(StorageError, match=f"has mode {loose:04o} .* run: chmod 0700"):
        KeyStore(tmp_path / "keys")


@pytest.mark.parametrize("loose", [0o640, 0o604, 0o700])
def test_a_key_that_others_may_read_is_refused(store: KeyStore, tmp_path: Path, loose: int) -> None:
    store.create("hub", Secp256k1Key)
    (tmp_path / "keys" / "hub.pem").chmod(loose)
    with pytest.raises(StorageError, match=f"has mode {loose:04o} .* run: chmod 0600"):
        store.load("hub", Secp256k1Key)


def test_a_key_behind_a_link_is_refused(store: KeyStore, tmp_path: Path) -> None:
    store.create("hub", Secp256k1Key)
    (tmp_path / "keys" / "twin.pem").symlink_to(tmp_path / "keys" / "hub.pem")
    with pytest.raises(StorageError, match="cannot be read"):
        store.load("twin", Secp256k1Key)


def test_a_seed_gives_the_same_keys_again_and_each_name_and_kind_its_own(tmp_path: Path) -> None:
    first, second = KeyStore(tmp_path / "1"), KeyStore(tmp_path / "2")
    hub = first.create("hub", Secp256k1Key, seed=SEED)
    assert second.create("hub", Secp256k1Key, seed=SEED).address == hub.address
    assert second.create("owner", Secp256k1Key, seed=SEED).address != hub.address
    assert second.create("other", Secp256k1Key, seed=SEED[::-1]).address != hub.address
    device = first.create("device", DeviceKey, seed=SEED)
    assert second.create("device", DeviceKey, seed=SEED).public == device.public


def test_without_a_seed_no_two_keys_are_the_same(tmp_path: Path) -> None:
    first, second = KeyStore(tmp_path / "1"), KeyStore(tmp_path / "2")
    one, two = first.create("hub", Secp256k1Key), second.create("hub", Secp256k1Key)
    assert one.address != two.address


def test_a_seed_that_could_be_guessed_is_refused(store: KeyStore) -> None:
    with pytest.raises(InputError, match="16 bytes or more, not 15"):
        store.create("hub", Secp256k1Key, seed=bytes(15))
    assert store.names() == ()


def test_a_key_is_never_overwritten(store: KeyStore) -> None:
    hub = store.create("hub", Secp256k1Key)
    with pytest.raises(StorageError, match="never overwritten"):
        store.create("hub", DeviceKey, seed=SEED)
    assert store.load("hub", Secp256k1Key).address == hub.address
    assert store.names() == ("hub",)


@pytest.mark.parametrize("name", ["", "..", "../hub", "a/b", ".hub", "Hub", "-x", "a" * 65, "a\n"])
def test_a_name_that_could_leave_the_directory_is_refused(store: KeyStore, name: str) -> None:
    with pytest.raises(InputError, match="cannot name a key"):
        store.create(name, Secp256k1Key)
    with pytest.raises(InputError, match="cannot name a key"):
        store.load(name, Secp256k1Key)


def test_an_absent_key_is_named(store: KeyStore) -> None:
    with pytest.raises(StorageError, match=r"hub\.pem cannot be read: No such file"):
        store.load("hub", Secp256k1Key)


def test_a_key_of_another_kind_is_refused(store: KeyStore, tmp_path: Path) -> None:
    store.create("hub", Secp256k1Key)
    with pytest.raises(StorageError, match="is not a DeviceKey"):
        store.load("hub", DeviceKey)
    write_pem(tmp_path / "keys" / "odd.pem", ed25519.Ed25519PrivateKey.generate(), b"")
    with pytest.raises(StorageError, match="is not a Secp256k1Key"):
        store.load("odd", Secp256k1Key)


@pytest.mark.parametrize("damage", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_damaged_key_is_refused_without_showing_it(
    store: KeyStore, tmp_path: Path, damage: bytes
) -> None:
    store.create("hub", Secp256k1Key)
    (tmp_path / "keys" / "hub.pem").write_bytes(damage)
    with pytest.raises(StorageError, match=r"hub\.pem is damaged or encrypted$"):
        store.load("hub", Secp256k1Key)


def test_an_encrypted_key_is_refused_with_its_reason(store: KeyStore, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    write_pem(tmp_path / "keys" / "hub.pem", key, b"a password")
    with pytest.raises(StorageError, match="encrypted"):
        store.load("hub", Secp256k1Key)


def test_a_store_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=r"key store .*file.keys cannot be made"):
        KeyStore(tmp_path / "file" / "keys")


def write_pem(
    path: Path, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes
) -> None:
    shield: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        shield = serialization.BestAvailableEncryption(password)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, shield)
    path.write_bytes(pem)
    path.chmod(0o600)
