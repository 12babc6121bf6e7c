"""All keys of a store in one file, under a passphrase of its own."""

from typing import Final

from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError, StorageError
from gridplus.keystore.keys import DeviceKey, Key, Secp256k1Key
from gridplus.keystore.sealing import PassphraseSealing
from gridplus.keystore.store import KeyStore

BACKUP_FORMAT: Final = "gridplus.keybackup/1"
KINDS: Final[dict[str, type[Key]]] = {"account": Secp256k1Key, "device": DeviceKey}
_LIMIT = 1 << 20


def kind_name(kind: type[Key]) -> str:
    """How people call a kind of key: 'account' or 'device'."""
    return next(name for name, known in KINDS.items() if known is kind)


def back_up(store: KeyStore, sealing: PassphraseSealing) -> bytes:
    """The content of a backup file: every key of `store`, sealed anew."""
    keys: dict[str, Document] = {}
    for name in store.names():
        kind, closed = store.reseal(name, sealing)
        keys[name] = {"kind": kind_name(kind), "sealed": closed.hex()}
    return canonical_json({"format": BACKUP_FORMAT, "sealing": sealing.document(), "keys": keys})


def restore(store: KeyStore, content: bytes, *, passphrase: bytes, what: str) -> tuple[str, ...]:
    """Put the keys of a backup into `store`, all or none; returns their names.

    Raises StorageError for a wrong passphrase, damage, or a name that is taken; InputError for
    what is no backup.
    """
    document = parse_document(content, limit=_LIMIT, what=what)
    if not isinstance(document, dict) or document.get("format") != BACKUP_FORMAT:
        raise InputError(f"{what} is no backup of keys")
    sealing = PassphraseSealing.of(document.get("sealing"), passphrase, what=what)
    entries = document.get("keys")
    try:
        if not isinstance(entries, dict):
            raise ValueError
        keys = {name: _entry(entry) for name, entry in sorted(entries.items())}
    except (KeyError, ValueError):
        raise StorageError(f"{what} is damaged") from None
    store.restore(keys, sealing=sealing)
    return tuple(keys)


def _entry(entry: Document) -> tuple[type[Key], bytes]:
    if not isinstance(entry, dict):
        raise ValueError
    return KINDS[str(entry["kind"])], bytes.fromhex(str(entry["sealed"]))
