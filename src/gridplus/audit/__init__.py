"""Rebuilds a whole period from the journals alone, and says where anybody tells something else."""

from gridplus.audit.difference import Difference, Report, Side
from gridplus.audit.folder import DataFolder
from gridplus.audit.period import Audit, AuditedDay, audit

__all__ = [
    "Audit",
    "AuditedDay",
    "DataFolder",
    "Difference",
    "Report",
    "Side",
    "audit",
]
