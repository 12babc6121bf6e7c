"""Consents and overrides as the agent's folder keeps them: one document of JSON."""

from collections.abc import Sequence

from gridplus.control.asks import Signal
from gridplus.control.consents import Consent
from gridplus.control.orders import DEVICES, Hand, Override
from gridplus.digest import Document, canonical_json, parse_document
from gridplus.failures import InputError
from gridplus.tariff import Fields, format_octets
from gridplus.wallet import ChannelId

FORMAT = "gridplus.orders/1"
LIMIT = 1_000_000
MOST = 1_000
_FAR_S = 1 << 40


def write_orders(consents: Sequence[Consent], overrides: Sequence[Override]) -> bytes:
    """`parse_orders` is its inverse."""
    given: list[Document] = [
        {
            "channel": format_octets(each.channel),
            "device": each.device,
            "signal": each.signal.name.lower(),
            "number": each.number,
            "valid_until_s": each.valid_until_s,
            "signature": format_octets(each.signature),
        }
        for each in consents
    ]
    by_hand: list[Document] = [
        {"device": each.device, "hand": each.hand.value, "until_s": each.until_s}
        for each in overrides
    ]
    document: Document = {"format": FORMAT, "consents": given, "overrides": by_hand}
    return canonical_json(document) + b"\n"


def parse_orders(data: bytes, *, what: str) -> tuple[tuple[Consent, ...], tuple[Override, ...]]:
    """Signatures are not checked here. Raises InputError that names `what` and the field."""
    fields = Fields(parse_document(data, limit=LIMIT, what=what), what)
    if fields.text("format") != FORMAT:
        raise InputError(f"{what} holds no orders of an owner (format {FORMAT})")
    consents = tuple(_consent(each) for each in fields.objects("consents", limit=MOST))
    overrides = tuple(_override(each) for each in fields.objects("overrides", limit=MOST))
    fields.close()
    return consents, overrides


def _consent(fields: Fields) -> Consent:
    signal = _one_of(fields, "signal", known=[each.name.lower() for each in Signal])
    consent = Consent(
        ChannelId(fields.octets("channel", 32)),
        _one_of(fields, "device", known=DEVICES),
        Signal[signal.upper()],
        fields.integer("number"),
        fields.integer("valid_until_s", high=_FAR_S),
        fields.octets("signature", 64),
    )
    fields.close()
    return consent


def _override(fields: Fields) -> Override:
    device = _one_of(fields, "device", known=DEVICES)
    hand = Hand(_one_of(fields, "hand", known=[each.value for each in Hand]))
    override = Override(device, hand, fields.integer("until_s", high=_FAR_S))
    fields.close()
    return override


def _one_of(fields: Fields, name: str, *, known: Sequence[str]) -> str:
    found = fields.text(name)
    if found not in known:
        fields.fail(name, f"must be one of {', '.join(known)}")
    return found
