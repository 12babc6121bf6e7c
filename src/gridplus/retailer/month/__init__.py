"""A month of many homes from Parquet to Parquet, on one machine or on an engine; and its audit.

Needs the extra `scale`; nothing else of the retailer does.
"""

from gridplus.retailer.month.engines import ENGINES, run_jobs
from gridplus.retailer.month.files import Job, RatedFile, jobs_of, rate_file, write_reads
from gridplus.retailer.month.second import Difference, differences

__all__ = [
    "ENGINES",
    "Difference",
    "Job",
    "RatedFile",
    "differences",
    "jobs_of",
    "rate_file",
    "run_jobs",
    "write_reads",
]
