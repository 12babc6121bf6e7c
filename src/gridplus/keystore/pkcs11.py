"""Device keys in a PKCS#11 token, from which they never come out; other keys sealed by it.

The token makes and keeps P-256 keys. It knows nothing of secp256k1 signatures that can be
recovered, so an account's key lies in a file, sealed with AES-GCM under a key of the token: a
stolen disk opens nothing. Tested with SoftHSM 2; any token with P-256 and AES-GCM serves.
"""

import secrets
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from gridplus.failures import RemoteError, StorageError
from gridplus.keystore.keys import DeviceKey, Key
from gridplus.keystore.sealing import NONCE_BYTES
from gridplus.keystore.store import KeyStore, require_name

K = TypeVar("K", bound=Key)

_SEAL = "gridplus-seal"
_TAG_BITS = 128
_POINT_BYTES = 64


class TokenDeviceKey(DeviceKey):
    """A P-256 key that signs inside its token."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Any, *, public: bytes) -> None:
        """Use `Token.device`."""
        self._handle = handle
        self._public = public

    def sign(self, message: bytes) -> bytes:
        """64 bytes r || s, low s, over SHA-256 of `message`. Raises RemoteError when the token is
        gone: nothing was signed."""
        try:
            signature = bytes(
                self._handle.sign(sha256(message).digest(), mechanism=Mechanism.ECDSA)
            )
        except pkcs11.PKCS11Error as error:
            raise RemoteError(f"the token signed nothing: {type(error).__name__}") from None
        r, s = signature[:32], int.from_bytes(signature[32:], "big")
        return r + min(s, self.CURVE.group_order - s).to_bytes(32, "big")

    def __repr__(self) -> str:
        return f"TokenDeviceKey(0x{self._public.hex()})"


class Token:
    """An open session with a token. Raises StorageError when the module or the token is not
    there, or the PIN is wrong; RemoteError when the token fails later."""

    def __init__(self, module: Path, *, label: str, pin: bytes) -> None:
        try:
            library = pkcs11.lib(str(module))
            self._session = library.get_token(token_label=label).open(
                rw=True, user_pin=pin.decode()
            )
        except (pkcs11.PKCS11Error, UnicodeDecodeError, RuntimeError) as error:
            what = type(error).__name__
            raise StorageError(f"token {label!r} of {module} cannot be opened: {what}") from None

    def close(self) -> None:
        self._session.close()

    def names(self) -> tuple[str, ...]:
        """The device keys in it, in alphabetical order."""
        keys = self._session.get_objects(
            {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.KEY_TYPE: KeyType.EC}
        )
        return tuple(sorted(str(cast(Any, key).label) for key in keys))

    def create(self, name: str) -> None:
        """Make a P-256 key inside. Raises StorageError when the name is taken."""
        if name in self.names():
            raise StorageError(f"the token has a key {name}; keys are never overwritten")
        curve = encode_named_curve_parameters("secp256r1")
        parameters = self._session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: curve}, local=True
        )
        hidden = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        try:
            parameters.generate_keypair(store=True, label=name, private_template=hidden)
        except pkcs11.PKCS11Error as error:
            raise RemoteError(f"the token made no key: {type(error).__name__}") from None

    def device(self, name: str) -> TokenDeviceKey:
        """The device key `name`. Raises StorageError when there is none."""
        try:
            private, public = (
                self._session.get_key(object_class=kind, label=name)
                for kind in (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY)
            )
        except pkcs11.PKCS11Error:
            raise StorageError(f"the token has no key {name}") from None
        point = bytes(public[Attribute.EC_POINT])
        return TokenDeviceKey(private, public=point[-_POINT_BYTES:])

    def seal(self, plain: bytes, *, about: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + bytes(
            self._seal().encrypt(
                plain,
                mechanism=Mechanism.AES_GCM,
                mechanism_param=GCMParams(nonce, about, _TAG_BITS),
            )
        )

    def open(self, sealed: bytes, *, about: bytes) -> bytes:
        try:
            return bytes(
                self._seal().decrypt(
                    sealed[NONCE_BYTES:],
                    mechanism=Mechanism.AES_GCM,
                    mechanism_param=GCMParams(sealed[:NONCE_BYTES], about, _TAG_BITS),
                )
            )
        except (pkcs11.PKCS11Error, ValueError):
            raise StorageError("the token does not open it: damaged, or another's") from None

    def _seal(self) -> Any:
        try:
            return self._session.get_key(object_class=ObjectClass.SECRET_KEY, label=_SEAL)
        except pkcs11.NoSuchKey:
            hidden = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
            return self._session.generate_key(
                KeyType.AES, 256, store=True, label=_SEAL, template=hidden
            )


class TokenStore:
    """The same face as `KeyStore`: device keys in the token, accounts in files under its seal."""

    def __init__(self, path: Path, token: Token) -> None:
        self._token = token
        self._files = KeyStore(path, sealing=token)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted((*self._token.names(), *self._files.names())))

    def create(self, name: str, kind: type[K]) -> K:
        require_name(name)
        if name in self.names():
            raise StorageError(f"there is a key {name}; keys are never overwritten")
        if kind.CURVE.name != ec.SECP256R1.name:
            return self._files.create(name, kind)
        self._token.create(name)
        return self.load(name, kind)

    def load(self, name: str, kind: type[K]) -> K:
        require_name(name)
        if kind.CURVE.name != ec.SECP256R1.name:
            return self._files.load(name, kind)
        return cast(K, self._token.device(name))
