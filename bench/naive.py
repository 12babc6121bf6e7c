"""The payment server that one writes first, as a peer: eth-account, one commit a voucher.

`python bench/naive.py FILE` serves it on loopback: POST /vouchers, and POST /echo, which answers
any body with 200 bytes and so costs what HTTP alone costs with the same server software.
"""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gridplus.serving import serve
from gridplus.wallet import Domain

ECHO = b"." * 200
_STRUCT = {
    "Voucher": [
        {"name": "cfg", "type": "bytes32"},
        {"name": "spent", "type": "uint48"},
        {"name": "earned", "type": "uint48"},
    ]
}


def typed_voucher(domain: Domain, cfg: bytes, *, spent: int, earned: int) -> SignableMessage:
    """The voucher as eth-account packs it."""
    where = {
        "name": domain.name,
        "version": domain.version,
        "chainId": domain.chain_id,
        "verifyingContract": "0x" + domain.contract.hex(),
    }
    return encode_typed_data(where, _STRUCT, {"cfg": cfg, "spent": spent, "earned": earned})


def expanded(signature: bytes) -> bytes:
    """EIP-2098 compact -> r, s, v as eth-account takes it."""
    parity, s = signature[32] >> 7, bytes([signature[32] & 0x7F]) + signature[33:]
    return signature[:32] + s + bytes([27 + parity])


class NaiveServer:
    """Recovers with eth-account, inserts, commits; then the next."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS vouchers (signer TEXT, body TEXT)")

    def accept(self, message: SignableMessage, signature: bytes) -> str:
        """The signer, when the voucher is on the disk."""
        signer: str = Account.recover_message(message, signature=expanded(signature))
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT INTO vouchers VALUES (?, ?)", (signer, signature.hex()))
        self._connection.execute("COMMIT")
        return signer

    async def vouchers(self, request: Request) -> Response:
        voucher: dict[str, Any] = json.loads(await request.body())
        domain = Domain(voucher["chain_id"], bytes.fromhex(voucher["vault"]), "Grid+ Vault", "1")  # type: ignore[arg-type]
        cfg, signature = bytes.fromhex(voucher["cfg"]), bytes.fromhex(voucher["signature"])
        message = typed_voucher(domain, cfg, spent=voucher["spent"], earned=voucher["earned"])
        return Response(self.accept(message, signature), media_type="text/plain")


async def echo(request: Request) -> Response:
    await request.body()
    return Response(ECHO)


def main() -> None:
    server = NaiveServer(Path(sys.argv[1]))
    routes = [
        Route("/vouchers", server.vouchers, methods=["POST"]),
        Route("/echo", echo, methods=["POST"]),
    ]
    serve(Starlette(routes=routes), port=0, describe={"ready": "naive"}, exit_with_parent=True)


if __name__ == "__main__":
    main()
