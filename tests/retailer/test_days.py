import json
import subprocess

from gridplus.chain import RpcChain
from gridplus.tariff import parse_bill
from gridplus.verify import fetch_truth, verify_bill
from tests.retailer.ground import DAY, NAMES
from tests.retailer.scene import Scene


def test_a_day_is_opened_and_closed(scene: Scene) -> None:
    opened = scene.order("day-ahead", DAY)
    assert opened.status_code == 200, opened.text
    closed = scene.order("close", DAY)
    assert closed.status_code == 200, closed.text
    print(json.dumps(closed.json(), indent=1))
    where = scene.ground.deployment
    with RpcChain(scene.chain.url) as chain:
        for name in NAMES:
            path = scene.root / "out" / "bills" / f"{name}-{DAY}.json"
            bill = parse_bill(path.read_bytes())
            truth = fetch_truth(chain, where, bill=bill)
            assert [check for check in verify_bill(bill, truth) if not check.ok] == []
    subprocess.run(
        ["hledger", "-f", scene.root / "out" / "ledger.journal", "check", "-s"], check=True
    )
