"""The ledger in the formats of other programs."""

from gridplus.ledger.exports.hledger import hledger_journal

__all__ = ["hledger_journal"]
