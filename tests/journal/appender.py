"""A process that appends until it is killed or refused, and tells each append it was promised.

    python -m tests.journal.appender FILE SEED [FILE_SIZE_LIMIT]

Prints 'open', then the newest durable sequence after each append. Exits with 3 on a StorageError.
"""

import random
import resource
import sys
from pathlib import Path

from gridplus.failures import StorageError
from gridplus.journal import Fact, SqliteJournal


def fact_at(sequence: int) -> Fact:
    """What this process appends at `sequence`: known to whoever checks it afterwards."""
    body = f"fact {sequence} ".encode() * (1 + sequence % 40)
    return Fact("NumberDrawn", (sequence % 17).to_bytes(32, "big"), body)


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(path: Path, seed: int) -> None:
    sizes = random.Random(seed)
    with SqliteJournal.open(path, now_s=lambda: 1_613_368_800) as journal:
        tell("open")
        while True:
            first = journal.last_sequence + 1
            journal.append([fact_at(first + i) for i in range(sizes.randint(1, 20))])
            tell(str(journal.last_sequence))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]))
    except StorageError as error:
        sys.stderr.write(str(error))
        sys.exit(3)
