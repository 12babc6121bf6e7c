"""Signatures a second, by key store: a sealed file and a token in software, on both curves.

`python bench/signatures.py [--quick]` prints one table; beside it what `openssl speed` says of
P-256 in the same run, and libsecp256k1 alone. The token's secp256k1 keys lie in files it seals.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import coincurve
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from gridplus.digest import keccak256
from gridplus.keystore import DeviceKey, KeyStore, PassphraseSealing, Secp256k1Key
from measure import Beside, Effort, Row, Work, per_cpu_second, show

LABEL, PIN = "bench", "123456"
MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"),
)
DIGESTS = [keccak256(n.to_bytes(4, "big")) for n in range(256)]


def digest_of(number: int) -> bytes:
    return DIGESTS[number % len(DIGESTS)]


@contextmanager
def token_keys(folder: Path) -> Iterator[dict[str, Work]]:
    """What signs with SoftHSM's help; nothing where it is not installed."""
    module = next((path for path in MODULES if path.is_file()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        yield {}
        return
    from gridplus.keystore.pkcs11 import Token, TokenStore

    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    made = ["softhsm2-util", "--init-token", "--free", "--label", LABEL]
    subprocess.run([*made, "--so-pin", "00000000", "--pin", PIN], check=True, capture_output=True)
    token = Token(module, label=LABEL, pin=PIN.encode())
    try:
        store = TokenStore(folder / "sealed", token)
        device, account = store.create("device", DeviceKey), store.create("account", Secp256k1Key)
        yield {
            "token P-256": lambda n: device.sign(digest_of(n)),
            "token secp256k1": lambda n: account.sign(digest_of(n)),
        }
    finally:
        token.close()


def openssl_p256(seconds: float) -> float | None:
    """P-256 signatures a second, as `openssl speed` has it; None without openssl."""
    if shutil.which("openssl") is None:
        return None
    whole = str(max(1, round(seconds)))
    asked = ["openssl", "speed", "-seconds", whole, "ecdsap256"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    found = re.search(r"nistp256\)\s+\S+s\s+\S+s\s+([\d.]+)", told)
    return None if found is None else float(found[1])


def file_keys(folder: Path) -> dict[str, Work]:
    """Of a store that is sealed by a passphrase: it costs when the key is loaded, once."""
    sealing = PassphraseSealing.new(b"a passphrase of the bench, long enough")
    store = KeyStore.found(folder / "file", sealing)
    device, account = store.create("device", DeviceKey), store.create("account", Secp256k1Key)
    return {
        "file P-256": lambda n: device.sign(digest_of(n)),
        "file secp256k1": lambda n: account.sign(digest_of(n)),
    }


def libraries() -> dict[str, Work]:
    """The same signatures by the libraries alone."""
    p256 = ec.generate_private_key(ec.SECP256R1())
    plain, account = ec.ECDSA(SHA256()), coincurve.PrivateKey()
    return {
        "cryptography": lambda n: p256.sign(digest_of(n), plain),
        "libsecp256k1": lambda n: account.sign_recoverable(digest_of(n), hasher=None),
    }


def main() -> None:
    effort = Effort.asked()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with token_keys(folder) as token:
            rates = per_cpu_second({**file_keys(folder), **token, **libraries()}, effort)
    p256 = [
        Beside("limit: openssl speed, random nonce", openssl_p256(effort.seconds * effort.rounds)),
        Beside("limit: cryptography, random nonce", rates["cryptography"]),
    ]
    secp256k1 = [Beside("limit: libsecp256k1 through coincurve", rates["libsecp256k1"])]
    rows = [
        Row("P-256, file store", rates["file P-256"], p256),
        Row("P-256, token (SoftHSM)", rates.get("token P-256"), p256),
        Row("secp256k1, file store", rates["file secp256k1"], secp256k1),
        Row("secp256k1, file sealed by the token", rates.get("token secp256k1"), secp256k1),
    ]
    show("signatures a CPU second", rows)


if __name__ == "__main__":
    main()
