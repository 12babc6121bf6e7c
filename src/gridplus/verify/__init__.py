"""Recompute a bill from its own numbers and the chain: the public face for auditors."""

from gridplus.verify.checks import Check, inspections, verify_bill
from gridplus.verify.truth import ChainTruth, anchor_period, fetch_anchoring, fetch_truth

__all__ = [
    "ChainTruth",
    "Check",
    "anchor_period",
    "fetch_anchoring",
    "fetch_truth",
    "inspections",
    "verify_bill",
]
