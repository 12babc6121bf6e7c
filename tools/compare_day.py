"""Hold a day's result against hledger's own balances. Usage: compare_day.py RESULT CSV HOMES"""

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path

UBOLT_PER_BOLT = 1_000_000


def main() -> None:
    result_path, csv_path, homes = sys.argv[1:]
    result = json.loads(Path(result_path).read_text())
    with Path(csv_path).open() as lines:
        rows = list(csv.reader(lines))[1:]
    balances = {row[0]: int(Decimal(row[1].split()[0]) * UBOLT_PER_BOLT) for row in rows}
    deposits = sorted(-v for name, v in balances.items() if ":deposits:" in name)
    complaints = []
    if not result["agrees"]:
        complaints.append("chain, ledger and vouchers do not agree")
    if result["bills_verified"] != int(homes) * result["days"]:
        complaints.append(f"{result['bills_verified']} bills verify")
    if deposits != sorted(home["ledger_deposit_ubolt"] for home in result["homes"]):
        complaints.append("hledger's deposits are not the run's")
    if sum(balances.values()) != 0:
        complaints.append(f"hledger's balances sum to {sum(balances.values())} µBOLT")
    if complaints:
        sys.exit("; ".join(complaints))
    print(f"{result['first_day']}: {homes} homes, {len(balances)} accounts, all agree")


if __name__ == "__main__":
    main()
