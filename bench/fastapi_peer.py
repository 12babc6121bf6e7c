"""What a Python team writes first: FastAPI, pydantic, eth-account, one commit a payment.

`python bench/fastapi_peer.py FILE` serves POST /vouchers on loopback. FastAPI is not a dependency
of this project: `installed` fetches it, with what it needs, into a folder of the system's.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

VERSION = "0.163.2"
_FOLDER = Path(tempfile.gettempdir()) / f"gridplus-peer-fastapi-{VERSION}"


def installed(*, fetch: bool) -> bool:
    """Whether FastAPI is there; with `fetch` it is fetched the first time."""
    if not (_FOLDER / "fastapi").is_dir() and fetch:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--target", str(_FOLDER), f"fastapi=={VERSION}"]
        return subprocess.run(command, capture_output=True).returncode == 0
    return (_FOLDER / "fastapi").is_dir()


def main() -> None:
    sys.path.insert(0, str(_FOLDER))
    from fastapi import FastAPI  # type: ignore[import-not-found]
    from pydantic import BaseModel

    from gridplus.serving import serve
    from gridplus.wallet import Domain
    from naive import NaiveServer, typed_voucher

    class SignedVoucher(BaseModel):
        chain_id: int
        vault: str
        cfg: str
        spent: int
        earned: int
        signature: str

    server, app = NaiveServer(Path(sys.argv[1])), FastAPI()

    def accept(voucher: SignedVoucher) -> dict[str, Any]:
        domain = Domain(voucher.chain_id, bytes.fromhex(voucher.vault), "Grid+ Vault", "1")  # type: ignore[arg-type]
        cfg = bytes.fromhex(voucher.cfg)
        message = typed_voucher(domain, cfg, spent=voucher.spent, earned=voucher.earned)
        return {"signer": server.accept(message, bytes.fromhex(voucher.signature)).lower()}

    async def vouchers(voucher: SignedVoucher) -> dict[str, Any]:
        return accept(voucher)

    app.post("/vouchers")(vouchers)
    serve(app, port=0, describe={"ready": "fastapi"}, exit_with_parent=True)


if __name__ == "__main__":
    main()
