"""Validation, estimation, editing: raw reads become billable reads, and keep the rule's name."""

from gridplus.meter.vee.comparison import compare
from gridplus.meter.vee.estimation import Known, Rule, estimate
from gridplus.meter.vee.findings import Check, Finding
from gridplus.meter.vee.intake import Intake, edit, take_in
from gridplus.meter.vee.validation import gaps, register_mismatches, spikes, validate, zero_runs

__all__ = [
    "Check",
    "Finding",
    "Intake",
    "Known",
    "Rule",
    "compare",
    "edit",
    "estimate",
    "gaps",
    "register_mismatches",
    "spikes",
    "take_in",
    "validate",
    "zero_runs",
]
