"""The retailer's doors: one to enrol at, one for devices that name themselves.

The endpoint's key lives in memory and is certified by the authority when the service starts, and
again before two thirds of its life are over. The issuing authority's list is published again each
day, long before it runs out.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gridplus.chain.epochs import Epochs
from gridplus.clock import SystemClock
from gridplus.failures import GridPlusError, InputError, invariant
from gridplus.retailer.authority import Issued, IssueRefused, RevocationReason
from gridplus.retailer.enrolment.desk import EnrolDesk
from gridplus.retailer.enrolment.guard import ENROL_DOOR, LINE_DOOR
from gridplus.serving import Door
from gridplus.tariff import Fields
from gridplus.tls import Credentials, ServerContext, new_credentials_key
from gridplus.wallet import Address
from gridplus.wallet.certificates import Trust

EPOCHS_S: Final = 2
LIST_S: Final = 86_400
ENDPOINT_S: Final = 55 * 86_400
"""Before two thirds of the 90 days that an endpoint's certificate lives."""


@dataclass(frozen=True, slots=True)
class LineConfig:
    """The table `[line]` of the retailer's file. `hosts` are the names of its certificate, the
    first of them where it listens; `hub` is told to homes; `relay` names the key that pays for
    enrolments."""

    authority: Path
    registry: Address
    hosts: tuple[str, ...]
    port: int
    enrol_port: int
    relay_keys: Path
    relay_key_name: str
    hub: str
    chain: str

    @property
    def url(self) -> str:
        """Where devices find the line."""
        return f"https://{self.hosts[0]}:{self.port}"

    @classmethod
    def read(cls, fields: Fields, here: Path) -> "LineConfig":
        """Raises InputError that names the field."""
        made = cls(
            authority=here / fields.text("authority"),
            registry=Address(fields.octets("registry", 20)),
            hosts=tuple(fields.texts("hosts", limit=16)),
            port=fields.integer("port", high=65_535),
            enrol_port=fields.integer("enrol_port", high=65_535),
            relay_keys=here / fields.text("relay_keys"),
            relay_key_name=fields.text("relay_key_name"),
            hub=fields.text("hub"),
            chain=fields.text("chain"),
        )
        if not made.hosts:
            fields.fail("hosts", "names nobody; the first is where the lines listen")
        fields.close()
        return made


class Lines:
    """Both doors, kept fresh while `keep` runs."""

    def __init__(self, desk: EnrolDesk, epochs: Epochs, *, config: LineConfig) -> None:
        self._desk = desk
        self._authority = desk.authority
        self._epochs = epochs
        self._config = config
        self._now_s = SystemClock().now_s
        self._credentials = self._certified()
        self._authority.publish_list()
        self._mutual, self._enrol = (
            ServerContext(
                credentials=self._credentials,
                trust=self._trust(),
                mutual=mutual,
                now_s=self._now_s,
            )
            for mutual in (True, False)
        )

    def doors(self) -> tuple[Door, ...]:
        host = self._config.hosts[0]
        return (
            Door(LINE_DOOR, host, self._config.port, self._mutual),
            Door(ENROL_DOOR, host, self._config.enrol_port, self._enrol),
        )

    async def keep(self) -> None:
        """Follow the registry; publish lists, and be certified again, in time."""
        listed_s = certified_s = self._now_s()
        while True:
            with suppress(GridPlusError):  # what is known of epochs stays
                await asyncio.to_thread(self._epochs.refresh)
            now_s = self._now_s()
            if now_s - certified_s > ENDPOINT_S:
                self._credentials, certified_s = await self._desk.alone(self._certified), now_s
                self.renew()
            if now_s - listed_s > LIST_S:
                await self._desk.alone(self._authority.publish_list)
                listed_s = now_s
                self.renew()
            await asyncio.sleep(EPOCHS_S)

    async def revoke(self, serial: int, *, reason: RevocationReason) -> None:
        """Durably and at once, also for lines that are open. Raises InputError for a serial number
        that was not issued here."""
        await self._desk.alone(lambda: self._authority.revoke(serial, reason=reason))
        self.renew()

    async def certify(
        self, request: x509.CertificateSigningRequest, *, hosts: Sequence[str]
    ) -> bytes:
        """The chain of another endpoint, up to the root, in PEM. Raises InputError."""
        issue = partial(self._authority.issue_endpoint, request, hosts=hosts)
        issued = await self._desk.alone(issue)
        if isinstance(issued, IssueRefused):
            raise InputError(f"refused: {issued.value}")
        return issued.pem + self._authority.root.public_bytes(Encoding.PEM)

    def renew(self) -> None:
        """The newest list counts from now on."""
        for context in (self._mutual, self._enrol):
            context.renew(self._credentials, self._trust())

    def _trust(self) -> Trust:
        trust = self._authority.trust()
        epochs: Mapping[bytes, int] = self._epochs
        return Trust(trust.roots, trust.lists, epochs)

    def _certified(self) -> Credentials:
        key = new_credentials_key()
        request = (
            x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, SHA256())
        )
        issued = self._authority.issue_endpoint(request, hosts=self._config.hosts)
        invariant(isinstance(issued, Issued), "a P-256 key of ours is certified")
        return Credentials(issued.pem, key)  # type: ignore[union-attr]
