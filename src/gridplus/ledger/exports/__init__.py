"""The ledger in the formats of other programs: what is posted, to the µBOLT.

What is pending moves no balance, and is told in comments.
"""

from gridplus.ledger.exports.beancount import beancount_account, beancount_file
from gridplus.ledger.exports.hledger import hledger_journal

__all__ = ["beancount_account", "beancount_file", "hledger_journal"]
