"""What no hub on this machine can pass: signatures checked on both cores, fsyncs, frames echoed."""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coincurve import PrivateKey
from coincurve._libsecp256k1 import ffi, lib
from coincurve.context import GLOBAL_CONTEXT

from gridplus.digest import keccak256
from gridplus.serving import LOOPBACK, bound_listener
from gridplus.wire import frames as wire
from gridplus.wire.frames import FrameKind, FrameReader, frame

_KEPT = 256
_RECEIPT = 86 + 5 + 6 * 32
"""Bytes of a receipt with six steps."""


def on_both_cores(work: Callable[[float], float], seconds: float) -> float:
    """Calls a second of `work` in two processes at once, which tell how many each made a second."""
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        return sum(pool.map(work, [seconds, seconds]))


def verifications(seconds: float) -> float:
    """libsecp256k1 verifies, key and digest given, with a Python loop around it and no more."""
    key, digests, signed = _signed()
    parsed = ffi.new("secp256k1_ecdsa_signature *")
    public = ffi.new("secp256k1_pubkey *")
    context = GLOBAL_CONTEXT.ctx
    lib.secp256k1_ec_pubkey_parse(context, public, key.public_key.format(), 33)
    compact = [signature[:64] for signature in signed]

    def verify(place: int) -> None:
        lib.secp256k1_ecdsa_signature_parse_compact(context, parsed, compact[place])
        assert lib.secp256k1_ecdsa_verify(context, parsed, digests[place], public)

    return _rate(verify, seconds)


def recoveries(seconds: float) -> float:
    """The same, recovering the key, which is what a contract does."""
    _key, digests, signed = _signed()
    parsed = ffi.new("secp256k1_ecdsa_recoverable_signature *")
    public, context = ffi.new("secp256k1_pubkey *"), GLOBAL_CONTEXT.ctx

    def recover(place: int) -> None:
        signature = signed[place]
        lib.secp256k1_ecdsa_recoverable_signature_parse_compact(
            context, parsed, signature[:64], signature[64]
        )
        assert lib.secp256k1_ecdsa_recover(context, public, parsed, digests[place])

    return _rate(recover, seconds)


def fsyncs(path: Path, *, seconds: float) -> float:
    """Appends of 4 KiB with fdatasync, one after the other."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def append(_: int) -> None:
        os.write(descriptor, bytes(4_096))
        os.fdatasync(descriptor)

    try:
        return _rate(append, seconds)
    finally:
        os.close(descriptor)


@contextmanager
def echo_server() -> Iterator[int]:
    """A process that answers every voucher frame with a receipt's bytes, and does nothing else."""
    context = multiprocessing.get_context("fork")
    listener = bound_listener(LOOPBACK, 0)
    listener.listen(1_024)
    process = context.Process(target=_serve_echo, args=(listener,), daemon=True)
    process.start()
    try:
        yield listener.getsockname()[1]
    finally:
        process.terminate()
        process.join()
        listener.close()


def _serve_echo(listener: Any) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Echo, sock=listener)
        await server.serve_forever()

    asyncio.run(serve())


class Echo(asyncio.Protocol):
    """Answers hello and everything else, without looking."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._reader = FrameReader()

    def data_received(self, data: bytes) -> None:
        out = []
        for kind, number, _payload in self._reader.feed(data):
            if kind == FrameKind.HELLO:
                out.append(frame(FrameKind.HELLO, number, payload=wire.pack_welcome()))
            else:
                out.append(frame(FrameKind.ACKNOWLEDGEMENT, number, payload=bytes(_RECEIPT)))
        self._transport.write(b"".join(out))


def _signed() -> tuple[PrivateKey, list[bytes], list[bytes]]:
    key = PrivateKey(keccak256(b"ceiling"))
    digests = [keccak256(number.to_bytes(4, "big")) for number in range(_KEPT)]
    return key, digests, [key.sign_recoverable(digest, hasher=None) for digest in digests]


def _rate(work: Callable[[int], object], seconds: float) -> float:
    done, begin_s = 0, time.perf_counter()
    while (spent_s := time.perf_counter() - begin_s) < seconds:
        work(done % _KEPT)
        done += 1
    return done / spent_s
