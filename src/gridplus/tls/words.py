"""What OpenSSL says of a handshake that failed, in this project's words, and into the log."""

import logging
import ssl
import time
from typing import Final

from gridplus.wallet.certificates import Distrust, Refused

LINES_A_MINUTE: Final = 60
_MINUTE_S: Final = 60

_D = Distrust
_BY_CODE: Final = {
    2: _D.FOREIGN_ISSUER,
    3: _D.NO_REVOCATION_LIST,
    7: _D.BAD_SIGNATURE,
    9: _D.NOT_YET_VALID,
    10: _D.EXPIRED,
    11: _D.STALE_REVOCATION_LIST,
    12: _D.STALE_REVOCATION_LIST,
    18: _D.FOREIGN_ISSUER,
    19: _D.FOREIGN_ISSUER,
    20: _D.FOREIGN_ISSUER,
    21: _D.FOREIGN_ISSUER,
    22: _D.TOO_MANY,
    23: _D.REVOKED,
    24: _D.NOT_AN_AUTHORITY,
    25: _D.NOT_AN_AUTHORITY,
    26: _D.WRONG_PURPOSE,
    32: _D.NOT_AN_AUTHORITY,
    66: _D.WEAK_KEY,
    67: _D.WEAK_KEY,
    68: _D.WEAK_SIGNATURE,
    79: _D.NOT_AN_AUTHORITY,
}
"""X509_V_ERR_* of openssl/x509_vfy.h."""
_OTHER_HOST: Final = (62, 64)
_BY_REASON: Final = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": _D.NO_CERTIFICATE,
    "EXCESSIVE_MESSAGE_SIZE": _D.TOO_LARGE,
    "BAD_SIGNATURE": _D.BAD_SIGNATURE,
}


def why(error: ssl.SSLError) -> str:
    """One line without a line break: a name, and a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError) and hasattr(error, "verify_code"):
        if error.verify_code in _OTHER_HOST:
            return f"OTHER_HOST: {error.verify_message}"
        found = _BY_CODE.get(error.verify_code, Distrust.UNSOUND)
        return f"{found.name}: {found.value} ({error.verify_message})"
    reason = getattr(error, "reason", None) or ""
    known = _BY_REASON.get(reason)
    if known is not None:
        return f"{known.name}: {known.value}"
    return " ".join(str(error.args[-1] if error.args else error).split())[:300]


def said(refused: Refused) -> str:
    """The same of our own verdict."""
    return f"{refused.reason.name}: {refused}"


class Refusals:
    """The log of peers that were refused: so many lines a minute at most, and how many were not
    written."""

    def __init__(self) -> None:
        self._log = logging.getLogger("gridplus.tls")
        self._since_s = 0.0
        self._lines = 0
        self._unsaid = 0

    def tell(self, sentence: str) -> None:
        now_s = time.monotonic()
        if now_s - self._since_s >= _MINUTE_S:
            if self._unsaid:
                self._log.warning("%d more peers were refused", self._unsaid)
            self._since_s, self._lines, self._unsaid = now_s, 0, 0
        if self._lines < LINES_A_MINUTE:
            self._lines += 1
            self._log.warning("a peer was refused: %s", sentence)
        else:
            self._unsaid += 1
