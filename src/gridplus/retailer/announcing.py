"""What the back office says to homes through its VTN: prices when they are published, and who may
listen. The office is business logic in the VTN's own process; it needs no token."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from gridplus.clock import Clock
from gridplus.failures import GridPlusError, InputError, RemoteError, invariant
from gridplus.market import PriceVersion
from gridplus.retailer.customers import Customer, load_customers
from gridplus.retailer.vtn import VtnDesk
from gridplus.signals import (
    Client,
    Held,
    Json,
    Kind,
    Request,
    Role,
    Session,
    format_json,
    parse_json,
)
from gridplus.tls import Peer
from gridplus.wallet import Domain, published_prices_digest, verify_device
from gridplus.wallet.certificates import device_id
from gridplus.wire import EnrolVen, VenEnrolled
from gridplus.wire.price_signals import event_name, price_event, read_price_event

OFFICE = Session("office", Role.BL, Role.BL.scopes, 1 << 62)
FRESH_S = 600
"""How far the signature under an enrolment may be from our time."""
_EPOCH = date(1970, 1, 1)
_ANSWER_LIMIT = 1 << 22


class EnrolmentRefusedError(GridPlusError):
    """A VEN that is no customer's, or whose device did not sign."""


@dataclass(frozen=True, slots=True)
class Announcer:
    """`sign` is the publisher's key over a digest in `domain`, the anchor's."""

    desk: VtnDesk
    clock: Clock
    domain: Domain
    sign: Callable[[bytes], bytes]
    customers: Path

    async def announce(self, prices: PriceVersion, *, program: str) -> None:
        """Publish a price version under the program of that name, once; a newer version of the
        same curve updates its event. Raises StorageError."""
        program_id = await self.program(program)
        period = (prices.operating_day - _EPOCH).days
        signature = self.sign(published_prices_digest(self.domain, prices.digest, period=period))
        body = price_event(prices, program_id=program_id, signature=signature)
        found = self._named(Kind.EVENT, field="eventName", name=event_name(prices))
        if found is None:
            await self.write("POST", ("events",), body=body)
        elif any(found.body.get(name) != value for name, value in body.items()):
            await self.write("PUT", ("events", found.id), body=body)

    async def announce_next(self, prices: PriceVersion, *, program: str) -> PriceVersion:
        """Publish prices that nobody keeps but the VTN, as the version after the one that it has.
        Raises StorageError."""
        found = self._named(Kind.EVENT, field="eventName", name=event_name(prices))
        held = None if found is None else read_price_event(found.body)
        if held is not None:
            prices = replace(prices, version=held.prices.version + 1)
        await self.announce(prices, program=program)
        return prices

    async def enrol(self, asked: EnrolVen, *, peer: Peer | None = None) -> VenEnrolled:
        """Let a customer's VEN in. Raises EnrolmentRefusedError, or InputError for a signature
        that is not of now."""
        identity, now_s = asked.identity, self.clock.now_s()
        customer = await asyncio.to_thread(self._customer, identity.channel)
        if customer is None or identity.anchor != self.domain.contract:
            raise EnrolmentRefusedError("this channel is none of our customers'")
        public = identity.descriptor.device_key
        if not verify_device(public, asked.signed, signature=asked.signature):
            raise EnrolmentRefusedError("the device of this channel did not sign this")
        if peer is not None and not peer.is_device(device_id(public)):
            raise EnrolmentRefusedError("the line belongs to another device than this channel's")
        if abs(asked.signed_at_s - now_s) > FRESH_S:
            raise InputError(f"signed at {asked.signed_at_s}, and it is {now_s}: sign it again")
        client_id = identity.channel.hex()
        await self.desk.enrol(Client(client_id, Role.VEN, asked.secret_hash, device_id(public)))
        found = self._named(Kind.VEN, field="venName", name=customer.name)
        if found is not None:
            return VenEnrolled(client_id, found.id)
        body: dict[str, Json] = {
            "objectType": "BL_VEN_REQUEST",
            "clientID": client_id,
            "venName": customer.name,
            "targets": [customer.name],
        }
        return VenEnrolled(client_id, await self.write("POST", ("vens",), body=body))

    async def program(self, name: str) -> str:
        """The id of the program of that name; made when it is not there."""
        found = self._named(Kind.PROGRAM, field="programName", name=name)
        if found is not None:
            return found.id
        attributes: Json = [{"type": "PROGRAM_TYPE", "values": ["PRICING_TARIFF"]}]
        return await self.write(
            "POST", ("programs",), body={"programName": name, "attributes": attributes}
        )

    def _customer(self, channel: bytes) -> Customer | None:
        customers = load_customers(self.customers)
        return next((each for each in customers if each.channel == channel), None)

    def _named(self, kind: Kind, *, field: str, name: str) -> Held | None:
        held = self.desk.vtn.held[kind].values()
        return next((each for each in held if each.says(field) == name), None)

    async def write(self, method: str, path: tuple[str, ...], *, body: dict[str, Json]) -> str:
        """The id of what was written. Raises RemoteError with what the VTN says against it."""
        response = await self.desk.write(Request(method, path, OFFICE, (), format_json(body)))
        said = parse_json(response.body, limit=_ANSWER_LIMIT, what="the VTN's answer")
        invariant(isinstance(said, dict), "the VTN answers with an object")
        if response.status >= 300 or not isinstance(said, dict):
            raise RemoteError(f"the VTN refuses what the office writes: {said}")
        return str(said["id"])
