"""A home that pays, written from docs/protocol.md alone: it imports nothing of Grid+.

    gridplus sandbox                                     in one terminal: hub, home, start_s
    python examples/another_client.py HUB HOME START_S   in another

It meters two quarter hours of 250 Wh, is billed, and pays. Needs httpx and eth-account, and
cryptography for the device's P-256. It looks at the price but recomputes no bill; how that is done
shows examples/recompute_a_bill.py.
"""

import json
import struct
import sys
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from eth_account import Account
from eth_utils.crypto import keccak

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
hub, home, start_s = httpx.Client(base_url=sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])


def key(name: str) -> Any:
    return serialization.load_pem_private_key((home / f"agent-keys/{name}.pem").read_bytes(), None)


def ask(path: str, kind: str, fields: dict[str, Any]) -> Any:
    answer = hub.post(path, json={**fields, "kind": f"gridplus.{kind}/1"})
    return answer.json() if answer.is_success else sys.exit(f"{path}: {answer.text}")


device, secret = key("device"), key("voucher").private_numbers().private_value
account = Account.from_key(secret.to_bytes(32, "big"))
opening = json.loads((home / "open-channel.json").read_bytes())
order = ("owner", "guardian", "device_x", "device_y", "salt")
words = (bytes.fromhex(opening["descriptor"][name][2:]).rjust(32, b"\0") for name in order)
cfg = keccak(b"".join(words))[:30] + opening["opening_cap_bolt"].to_bytes(2, "big")
channel = keccak(bytes.fromhex(opening["voucher_key"][2:]).rjust(32, b"\0") + cfg)
where = {"name": "Grid+ Vault", "version": "1", "chainId": opening["chain_id"]}
where["verifyingContract"] = opening["vault"]
kinds = (("cfg", "bytes32"), ("spent", "uint48"), ("earned", "uint48"))
voucher = {"Voucher": [{"name": name, "type": kind} for name, kind in kinds]}
paid = ask("/v1/channels", "open-channel", opening)["spent_ubolt"]
for number in range(2):
    read = {"start_s": start_s + 900 * number, "length_s": 900, "import_wh": 250, "export_wh": 0}
    read |= {"register_import_wh": 5_000 + 250 * (number + 1), "register_export_wh": 0}
    message = b"gridplus.read/1" + struct.pack(">32sQIQQQQ", channel, *read.values())
    r, s = utils.decode_dss_signature(device.sign(message, ec.ECDSA(hashes.SHA256())))
    signature = f"0x{r:064x}{min(s, P256_ORDER - s):064x}"
    fields = {"channel": "0x" + channel.hex(), **read, "signature": signature}
    bill = ask("/v1/reads", "submit-read", fields)["statement"]
    spent, earned = bill["spent_ubolt"], bill["earned_ubolt"]
    if spent - paid > 250 * 400:
        sys.exit(f"{spent - paid} µBOLT for 250 Wh is more than 40 ¢ a kWh: not paid")
    signed = account.sign_typed_data(where, voucher, {"cfg": cfg, "spent": spent, "earned": earned})
    fields = {"channel": "0x" + channel.hex(), "cfg": "0x" + cfg.hex()}
    fields |= {"spent_ubolt": spent, "earned_ubolt": earned}
    fields["signature"] = f"0x{signed.r:064x}{signed.s | signed.v - 27 << 255:064x}"
    paid = ask("/v1/vouchers", "submit-voucher", fields)["spent_ubolt"]
    print(f"{250 * (number + 1)} Wh, {paid} µBOLT, durable at the hub")
