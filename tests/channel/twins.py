"""Mallory's copies: each valid message with one thing wrong, all of which must be refused."""

from dataclasses import replace

from gridplus.channel import (
    NOTHING,
    BillChecked,
    Mismatch,
    Payee,
    Payer,
    SendBill,
    Voucher,
)
from gridplus.wallet import Cfg
from tests.channel.scene import MALLORY, OTHER_CHAIN, OTHER_VAULT, credit, voucher


def voucher_twins(hub: Payee, promise: Voucher, *, bit: int) -> list[Voucher]:
    """Wrong signer, vault, chain or home; a flipped bit (0..511); another sum, lower or higher."""
    spent, earned = promise.spent, promise.earned
    kept = NOTHING if hub.accepted is None else hub.accepted.counters
    asked, flipped = hub.bill.counters, int.from_bytes(promise.signature, "big") ^ 1 << bit
    lower = [voucher(kept.spent_ubolt - 1, earned)] if kept.spent_ubolt else []
    less_credit = [voucher(spent, kept.earned_ubolt - 1)] if kept.earned_ubolt else []
    return [
        *lower,
        *less_credit,
        voucher(spent, earned, key=MALLORY),
        voucher(spent, earned, domain=OTHER_VAULT),
        voucher(spent, earned, domain=OTHER_CHAIN),
        voucher(spent, earned, cfg=Cfg(bytes(32))),
        replace(promise, signature=flipped.to_bytes(64, "big")),
        replace(promise, spent=spent + 1),
        voucher(asked.spent_ubolt + 1, asked.earned_ubolt),
        voucher(asked.spent_ubolt, hub.credited + 1),
    ]


def bill_twins(home: Payer, offer: SendBill) -> list[BillChecked]:
    """Each mismatch; a foreign place in the chain; a forged, foreign or borrowed credit."""
    made, given = offer.bill, offer.credit
    twins = [BillChecked(made, given, mismatch) for mismatch in Mismatch]
    if made == home.bill:
        return twins
    twins.append(BillChecked(replace(made, previous_head=bytes(32)), given, None))
    if given is not None:
        forged = (
            replace(given, signature=bytes(64)),
            credit(made.head, given.earned, key=MALLORY),
            credit(made.head, given.earned, domain=OTHER_VAULT),
            credit(made.head, given.earned + 1),
            credit(made.previous_head, given.earned),
        )
        twins += [BillChecked(made, false, None) for false in forged]
    return twins
