"""Webhooks: calls that a stranger asks us to make, so none into the network that we stand in.

A name is resolved once and the call goes to the address that was checked, whatever the name says a
moment later. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

import httpx

from gridplus.failures import GridPlusError
from gridplus.signals import Webhook

TIMEOUT_S = 5
RESOLVE_S = 2
TRIES = 3
PAUSE_S = 2
MOST_WAITING = 10_000
CALLERS = 16
_PORTS = {"http": 80, "https": 443}


class CallbackRefusedError(GridPlusError):
    """A webhook points where this VTN does not call."""


@dataclass(frozen=True, slots=True)
class CallbackGuard:
    """Says where a webhook may point: the public network; in test mode this machine as well, and
    by plain HTTP."""

    test_mode: bool = False

    async def refusal(self, urls: Iterable[str]) -> str | None:
        """Why one of `urls` is not called, None when all may be. A name that nobody knows now is
        looked up again before each call."""
        for url in urls:
            try:
                split = self._split(url)
                if not self.test_mode or _literal(split) is not None:
                    await self.address(split)
            except CallbackRefusedError as error:
                return str(error)
            except (OSError, TimeoutError):
                continue
        return None

    async def address(self, split: SplitResult) -> str:
        """The one address to call for a webhook. Raises CallbackRefusedError when any that its
        name resolves to is local, OSError or TimeoutError when it does not resolve."""
        literal = _literal(split)
        found = [literal] if literal is not None else await _resolve(split)
        for address in found:
            if not self._allowed(address):
                raise CallbackRefusedError(
                    f"the webhook {split.hostname} points to the local network ({address})"
                )
        return found[0]

    def _allowed(self, address: str) -> bool:
        ip = ipaddress.ip_address(address.partition("%")[0])
        mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
        ip = mapped or ip
        if self.test_mode and ip.is_loopback:
            return True
        return ip.is_global and not ip.is_multicast

    def _split(self, url: str) -> SplitResult:
        try:
            split = urlsplit(url)
            known = bool(split.hostname) and split.port != 0
        except ValueError:
            known = False
        if not known or split.scheme not in _PORTS:
            raise CallbackRefusedError("a webhook is an http or https URL with a host")
        if split.scheme == "http" and not self.test_mode:
            raise CallbackRefusedError("a webhook is called by https, unless in test mode")
        if split.username or split.password:
            raise CallbackRefusedError("a webhook carries no user name; use the bearerToken")
        return split

    async def target(self, url: str) -> tuple[str, SplitResult]:
        """The checked address of `url` and its parts. Raises as `address` does."""
        split = self._split(url)
        return await self.address(split), split


class Caller:
    """Delivers webhooks in the background, each tried three times; `aclose` drops what waits."""

    def __init__(self, guard: CallbackGuard) -> None:
        self._guard = guard
        self._waiting: asyncio.Queue[Webhook] = asyncio.Queue(MOST_WAITING)
        self._callers: list[asyncio.Task[None]] = []
        self._client: httpx.AsyncClient | None = None
        self.delivered = 0
        self.lost = 0

    def call(self, webhook: Webhook) -> None:
        """Take a webhook to deliver; a full queue loses it, and the subscriber polls anyway."""
        try:
            self._waiting.put_nowait(webhook)
        except asyncio.QueueFull:
            self.lost += 1

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)
        self._callers = [asyncio.create_task(self._work(self._client)) for _ in range(CALLERS)]
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._callers:
            task.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _work(self, client: httpx.AsyncClient) -> None:
        while True:
            webhook = await self._waiting.get()
            if await self._deliver(client, webhook):
                self.delivered += 1
            else:
                self.lost += 1

    async def _deliver(self, client: httpx.AsyncClient, webhook: Webhook) -> bool:
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(PAUSE_S * attempt)
            try:
                if (await self._post(client, webhook)).is_success:
                    return True
            except CallbackRefusedError:
                return False
            except (httpx.HTTPError, OSError, TimeoutError):
                continue
        return False

    async def _post(self, client: httpx.AsyncClient, webhook: Webhook) -> httpx.Response:
        address, split = await self._guard.target(webhook.url)
        host = split.hostname or ""
        port = split.port or _PORTS[split.scheme]
        headers = {"content-type": "application/json", "host": split.netloc}
        if webhook.bearer is not None:
            headers["authorization"] = f"Bearer {webhook.bearer}"
        shown = f"[{address}]" if ":" in address else address
        path = (split.path or "/") + (f"?{split.query}" if split.query else "")
        return await client.post(
            f"{split.scheme}://{shown}:{port}{path}",
            content=webhook.body,
            headers=headers,
            extensions={"sni_hostname": host},
        )


def _literal(split: SplitResult) -> str | None:
    """The address that a host spells out in any way that a resolver would take for one."""
    host = (split.hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))  # 127.1, 0x7f000001, 2130706433
    except OSError:
        return None


async def _resolve(split: SplitResult) -> Sequence[str]:
    async with asyncio.timeout(RESOLVE_S):
        found = await asyncio.get_running_loop().getaddrinfo(
            split.hostname or "", split.port or _PORTS[split.scheme], type=socket.SOCK_STREAM
        )
    return [str(entry[4][0]) for entry in found]
