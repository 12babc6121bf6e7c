"""Recompute a bill by hand: JSON, keccak and whole numbers. Nothing of Grid+ is imported.

    python examples/recompute_a_bill.py demo-out/bills/home-01-2021-08-11.json

It knows the bundled plan: an index within bounds, passed-through charges, taxes, export at the
index, and paid requests. Prints the dearest interval line by line, then redoes every interval and
the day; the rules stand in docs/bills.md. Signatures, baselines and the chain are left to
`gridplus verify`.
"""

import json
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sha3

UNITS = {"$/MWh": 10**6, "¢/kWh": 10**7, "$/month": 10**6, "%": 10**4}
UBOLT, PBOLT = 10**12, 10**6  # in aBOLT


def integer(text):
    """'3.4815 ¢/kWh' -> 34,815,000 µBOLT/MWh; money in µBOLT; '1.997 %' -> 19,970 ppm."""
    number, unit = text.split()
    return int(Decimal(number) * UNITS[unit])


def row_on(rows, day):
    return [row for row in rows if row["from"] <= day][-1]


def accrued(monthly, local, length_s):
    """The interval's part of a monthly fee, in pBOLT."""
    first = local.replace(day=1, hour=0, minute=0, fold=0)
    after = (first + timedelta(days=32)).replace(day=1)
    count = round(after.timestamp() - first.timestamp()) // length_s
    place = round(local.timestamp() - first.timestamp()) // length_s
    fee = integer(monthly) * 10**6
    return fee * (place + 1) // count - fee * place // count


def lines_of(read, plan, prices):
    """Every line of one interval, in aBOLT."""
    local = datetime.fromtimestamp(read["start_s"], ZoneInfo(plan["time_zone"]))
    day, bounds = local.date().isoformat(), plan["index"]
    parts = {part["kind"]: part for part in plan["components"]}
    delivery, fee, tax = (
        row_on(parts[of]["rows"], day) for of in ("delivery", "ercot_fee", "taxes")
    )
    step = (read["start_s"] - prices["start_s"]) // prices["step_s"]
    index = prices["prices_ubolt_per_mwh"][step]
    index = min(max(index, integer(bounds["floor"])), integer(bounds["cap"]))
    taken_wh, fed_wh = read["import_wh"], read["export_wh"]
    before_tax = {
        "energy": taken_wh * index,
        "adder": taken_wh * integer(parts["adder"]["price"]),
        "delivery": taken_wh * integer(delivery["energy"]),
        "ercot_fee": taken_wh * integer(fee["ercot"]),
        "delivery_monthly": accrued(delivery["monthly"], local, read["length_s"]),
    }
    taxed = sum(before_tax.values())
    called = (read["given"] or {}).get("called")  # a paid request that the home joined
    less_wh = max(called["baseline_wh"] - taken_wh, 0) if called else 0
    return {
        **{code: amount * PBOLT for code, amount in before_tax.items()},
        "tax_puc": taxed * integer(tax["puc_assessment"]),
        "tax_gross_receipts": taxed * integer(tax["gross_receipts"]),
        "export": fed_wh * (index + integer(parts["export_index"]["adder"])) * PBOLT,
        "demand_response": less_wh * (called["reward_ubolt_per_mwh"] if called else 0) * PBOLT,
    }


def digest(kind, document):
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha3.keccak_256(f"{kind}\n{text}".encode()).digest()


def head_of(statement):
    counters = [statement[name].to_bytes(32, "big") for name in ("spent_ubolt", "earned_ubolt")]
    previous = bytes.fromhex(statement["previous_head"][2:])
    parts = [previous, digest("gridplus.statement/2", statement), *counters]
    return "0x" + sha3.keccak_256(b"".join(parts)).hexdigest()


def require(same, what):
    if not same:
        sys.exit(f"differs: {what}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        bill = json.load(file)
    plan, prices, head = bill["plan"], bill["prices"], bill["opening"]["head"]
    owed, earned = (int(bill["opening"][name]) for name in ("charges_abolt", "credits_abolt"))
    before = owed // UBOLT, -(-earned // UBOLT)
    kinds = {"plan": "gridplus.plan/2", "prices": "gridplus.prices/1"}
    cited = {name: "0x" + digest(kind, bill[name]).hex() for name, kind in kinds.items()}
    dearest = max(bill["intervals"], key=lambda billed: billed["statement"]["import_wh"])
    for billed in bill["intervals"]:
        says, mine = billed["statement"], lines_of(billed["statement"], plan, prices)
        when = datetime.fromtimestamp(says["start_s"], ZoneInfo(plan["time_zone"]))
        for line in says["lines"]:
            if billed is dearest:
                print(f"  {line['code']:18} {mine[line['code']]:>26,} aBOLT")
            require(int(line["amount_abolt"]) == mine[line["code"]], f"{when} {line['code']}")
        earned += mine.pop("export") + mine.pop("demand_response")
        owed += sum(mine.values())
        counters = says["spent_ubolt"], says["earned_ubolt"]
        require(counters == (owed // UBOLT, -(-earned // UBOLT)), f"{when} counters")
        require(cited == {name: says[name] for name in cited}, f"{when} plan or prices")
        require(says["previous_head"] == head, f"{when} previous head")
        require((head := billed["head"]) == head_of(says), f"{when} head")
        if billed is dearest:
            print(f"{when:%Y-%m-%d %H:%M}, {says['import_wh']} Wh taken: as the bill says")
    day = counters[0] - before[0], counters[1] - before[1]
    totals = bill["totals"]
    require(day == (totals["charges_ubolt"], totals["credits_ubolt"]), "the day's total")
    print(f"{len(bill['intervals'])} intervals: every line, counter and head is as the bill says")
    print(f"the day: {day[0]:,} µBOLT charged, {day[1]:,} µBOLT credited, as it says")


if __name__ == "__main__":
    main()
