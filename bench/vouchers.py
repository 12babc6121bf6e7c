"""Vouchers a second: signed, verified, durably accepted, and paid end to end over HTTP.

`python bench/vouchers.py [--rounds 5] [--seconds 0.3] [--quick]` prints one table for
each. Beside our figure stands a peer or a limit measured in the same run, round by round in turn:
libsecp256k1 called in a tight loop on a digest that is given; eth-account on the same typed data;
the server that one would write first (naive.py); what the disk and HTTP alone allow.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT
from eth_account import Account

from acceptance import durable_rows, measure_payments
from gridplus.channel import Counters
from gridplus.clock import set_clock
from gridplus.digest import keccak256
from gridplus.wallet import voucher_digest
from measure import QUICK, Beside, Effort, Row, per_cpu_second, show
from naive import expanded, typed_voucher
from town import INTERVALS, founded_town, home_nowhere

HOMES = 64
KEPT = 2_048
"""Distinct digests: more than `recover` remembers, so that each recovery is a real one."""
SECRET = keccak256(b"bench")
LIMIT = "limit: libsecp256k1 alone, digest given"
PEER = "peer: eth-account, same typed data"
MEANING = """
  LND, Raiden, go-nitro: not measured (not installed)

  signed      EIP-712 packing, keccak and signature
  verified    EIP-712 packing, keccak and recovery of the signer
  durable     submit_voucher of a real hub: checks, journal and fsync before the answer; one voucher
              of each channel on its way, many in one commit
  payment     a home's signed read, the hub's bill, the home's voucher, the acknowledgement: two
              requests, each durable before it is answered; the homes' bytes are made beforehand"""


class Limit:
    """libsecp256k1 without anything of Python around it but the loop."""

    def __init__(self) -> None:
        self._context = GLOBAL_CONTEXT.ctx
        self._digests = [keccak256(number.to_bytes(4, "big")) for number in range(KEPT)]
        self._signature: Any = ffi.new("secp256k1_ecdsa_recoverable_signature *")
        self._key: Any = ffi.new("secp256k1_pubkey *")
        self._signed = [self._signed_copy(number) for number in range(KEPT)]

    def sign(self, number: int) -> None:
        digest = self._digests[number % KEPT]
        lib.secp256k1_ecdsa_sign_recoverable(
            self._context, self._signature, digest, SECRET, ffi.NULL, ffi.NULL
        )

    def recover(self, number: int) -> None:
        place = number % KEPT
        lib.secp256k1_ecdsa_recover(
            self._context, self._key, self._signed[place], self._digests[place]
        )

    def _signed_copy(self, number: int) -> Any:
        self.sign(number)
        return ffi.new("secp256k1_ecdsa_recoverable_signature *", self._signature[0])


def main() -> None:
    effort = Effort.asked()
    homes = 4 if effort == QUICK else HOMES
    found = signatures(effort)
    show("Signatures: calls a CPU second, one core", signature_rows(found))
    with (
        tempfile.TemporaryDirectory(prefix="gridplus-bench-") as name,
        founded_town(Path(name), homes=homes) as town,
    ):
        set_clock(town.clock, INTERVALS[-1].end_s)
        durable = durable_rows(town, effort, recoveries=found[f"verify: {LIMIT}"])
        show(f"Durable acceptance: {homes} channels at once, no HTTP", asyncio.run(durable))
        paid = asyncio.run(measure_payments(town, effort))
        show(f"End to end over HTTP on loopback: {homes} connections", paid.rows())
        print(paid.latency())
    print(MEANING)


def signatures(effort: Effort) -> dict[str, float]:
    """Signing and verifying one voucher: ours, the limit and the peer by name."""
    home = home_nowhere()
    key, terms, limit = home.voucher_key, home.terms, Limit()
    domain, cfg = terms.domain, terms.cfg
    vouchers = [home.voucher(Counters(number, 7)) for number in range(KEPT)]
    account = Account.from_key(SECRET)
    foreign = [expanded(voucher.signature) for voucher in vouchers]

    def verify(number: int) -> None:
        assert vouchers[number % KEPT].is_valid(terms)

    def recover_message(number: int) -> None:
        place = number % KEPT
        message = typed_voucher(domain, cfg, spent=place, earned=7)
        Account.recover_message(message, signature=foreign[place])

    return per_cpu_second(
        {
            "sign": lambda n: key.sign(voucher_digest(domain, cfg, spent=n, earned=7)),
            f"sign: {LIMIT}": limit.sign,
            f"sign: {PEER}": lambda n: account.sign_message(
                typed_voucher(domain, cfg, spent=n, earned=7)
            ),
            "verify": verify,
            f"verify: {LIMIT}": limit.recover,
            f"verify: {PEER}": recover_message,
        },
        effort,
    )


def signature_rows(found: dict[str, float]) -> list[Row]:
    return [
        Row(
            what, found[name], [Beside(other, found[f"{name}: {other}"]) for other in (LIMIT, PEER)]
        )
        for what, name in (("vouchers signed", "sign"), ("vouchers verified", "verify"))
    ]


if __name__ == "__main__":
    main()
