"""The folder of a box: what `agent enrol` writes, and `agent run` lives from.

keys/            device and voucher key, sealed, or a device key in a token
box.toml         the retailer's door, node, token: no secret
deployment.json  the contracts
root.pem         the retailer's root, pinned
home.papers      whose home it is; copies are with owner and guardian
home.toml        what stands in the home
agent.journal    what was read, agreed, signed and acknowledged
"""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridplus.failures import InputError

if TYPE_CHECKING:
    from gridplus.agent import AgentKeys
    from gridplus.agent.identity import Retailer
    from gridplus.wallet import Address

BOX_FORMAT = "gridplus.box/1"
DEVICE, VOUCHER = "device", "voucher"


@dataclass(frozen=True, slots=True)
class BoxFile:
    """`box.toml`. Where the keys lie in no token, `token_module` is None."""

    door: str
    rpc: str
    registry: "Address"
    token_module: Path | None = None
    token_label: str = "agent"  # noqa: S105 - the name of a token

    def to_bytes(self) -> bytes:
        said = {"format": BOX_FORMAT, "retailer": self.door, "rpc": self.rpc}
        said["registry"] = f"0x{self.registry.hex()}"
        if self.token_module is not None:
            said |= {"token_module": str(self.token_module), "token_label": self.token_label}
        return "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items()).encode()


def read_box_file(folder: Path) -> BoxFile:
    """Raises InputError that names the file, the field and the mend."""
    from gridplus.tariff import Fields
    from gridplus.wallet import Address

    path = folder / "box.toml"
    try:
        table = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{folder} is no box that was enrolled: gridplus agent enrol") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as a box's file: {error}") from None
    fields = Fields(table, str(path))
    if fields.text("format") != BOX_FORMAT:
        fields.fail("format", f'is not "{BOX_FORMAT}"')
    registry = Address(fields.octets("registry", 20))
    found = BoxFile(fields.text("retailer"), fields.text("rpc"), registry)
    if fields.has("token_module"):
        module, label = Path(fields.text("token_module")), fields.text("token_label")
        found = BoxFile(found.door, found.rpc, registry, module, label)
    fields.close()
    return found


@contextmanager
def box_keys(
    folder: Path, module: Path | None, *, label: str, sealed: bool = True, make: bool = False
) -> "Iterator[AgentKeys]":
    """Device and voucher key; with `make` they are made when they are not there yet."""
    from gridplus.agent import AgentKeys
    from gridplus.keystore import DeviceKey, KeyStore, Secp256k1Key
    from gridplus.keystore.sealing import PassphraseSealing
    from gridplus.keystore.secret import Secret, find_passphrase, find_secret

    path, token = folder / "keys", None
    store: Any
    if module is not None:
        from gridplus.keystore.pkcs11 import Token, TokenStore

        token = Token(module, label=label, pin=find_secret(Secret.PIN))
        store = TokenStore(path, token)
    elif not make or not sealed or (path.exists() and any(path.iterdir())):
        store = KeyStore(path)
    else:
        store = KeyStore.found(path, PassphraseSealing.new(find_passphrase()))
    for name, kind in ((DEVICE, DeviceKey), (VOUCHER, Secp256k1Key)):
        if make and name not in store.names():
            store.create(name, kind)
    try:
        yield AgentKeys(store.load(DEVICE, DeviceKey), store.load(VOUCHER, Secp256k1Key))
    finally:
        if token is not None:
            token.close()


def pinned_root(folder: Path, given: str | None = None) -> bytes | None:
    """SHA-256 of the root that the folder pins, or that was `given`."""
    from cryptography.hazmat.primitives.hashes import SHA256

    from gridplus.wallet.certificates import parse_certificates

    path = folder / "root.pem"
    if not path.exists():
        return octets(given, "--root")
    (root,) = parse_certificates(path.read_bytes(), what=str(path))
    return root.fingerprint(SHA256())


def pin(folder: Path, retailer: "Retailer", *, file: BoxFile) -> None:
    """Write down whom the box has met, and where its contracts are."""
    from cryptography.hazmat.primitives.serialization import Encoding

    put(folder / "root.pem", retailer.trust.roots[0].public_bytes(Encoding.PEM))
    put(folder / "deployment.json", retailer.deployment.to_bytes())
    put(folder / "box.toml", file.to_bytes())


def put(path: Path, content: bytes) -> None:
    """Unless it is there already."""
    from gridplus.files import write_file

    if not path.exists() or path.read_bytes() != content:
        write_file(path, content)


def octets(text: str | None, what: str) -> bytes | None:
    """32 bytes from 64 hex digits. Raises InputError."""
    if text is None:
        return None
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 32:
        raise InputError(f"{what} is 64 hex digits")
    return found
