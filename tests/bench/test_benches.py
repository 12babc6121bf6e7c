"""The benches run, and print what they promise; how fast is for people to read."""

import re

from tests.programs import printed

FIGURE = re.compile(r"  [\d,]+ +(limit|peer).*: .* [\d,]+ +[\d.]+ x$")


def measured(out: str) -> list[str]:
    """What the rows are called that carry a figure, another one beside it, and the ratio."""
    return [line[2:40].strip() for line in out.splitlines() if FIGURE.search(line)]


def test_vouchers_are_measured_from_signature_to_payment() -> None:
    out = printed("bench/vouchers.py", "--quick")
    assert measured(out)[:5] == [
        "vouchers signed",
        "vouchers verified",
        "vouchers durable, a second",
        "vouchers durable, a CPU second",
        "payments, a second",
    ]
    assert re.search(r"a payment takes [\d.]+ ms \(p50\), [\d.]+ ms \(p99\)", out)
    assert "not measured (not installed)" in out


def test_signatures_are_measured_by_key_store() -> None:
    out = printed("bench/signatures.py", "--quick")
    ours = [line[2:40].strip() for line in out.splitlines() if "limit:" in line]
    assert [name for name in ours if name] == [
        "P-256, file store",
        "P-256, token (SoftHSM)",
        "secp256k1, file store",
        "secp256k1, file sealed by the token",
    ]


def test_a_hub_is_measured_over_stream_and_http_beside_limits_of_the_same_run() -> None:
    out = printed("bench/hub.py", "--quick")
    forms = ["one process", "two shards"]
    if "PostgreSQL not measured" not in out:
        forms += [f"PostgreSQL, {form}" for form in forms]
    ways = ["one under way", "16 under way", "batches of 50", "one a request", "imports", "exports"]
    every = [f"{form}, {way}" for way in ways for form in forms]
    assert measured(out) == [*every, "vouchers signed, EIP-712 and all"]
    assert re.search(r"a payment takes [\d.]+ ms \(p50\), [\d.]+ ms \(p99\)", out)


def test_many_channels_are_measured_beside_a_few() -> None:
    out = printed("bench/channels.py", "--quick")
    for what in (
        "start-up, channels a second",
        "memory a channel, bytes",
        "payments durable",
        "all claims planned",
    ):
        assert re.search(rf"^  {what}.* [\d.,]+ +[\d.,]+( +<= [\d,]+| *)$", out, re.M), what


def test_the_journal_is_measured_in_its_stores_by_the_size_of_a_commit() -> None:
    out = printed("bench/journal.py", "--quick")
    stores = ["SQLite file", "PostgreSQL"]
    if "PostgreSQL not measured" in out:
        stores.pop()
    assert [what for what in measured(out) if what] == stores * 4
    assert re.findall(r"second, ([\d,]+) a commit$", out, re.M) == ["1", "10", "100", "1,000"]


def test_rating_is_measured_and_agrees_with_every_other_way_to_compute_it() -> None:
    out = printed("bench/rating.py", "--quick")
    assert measured(out) == [
        "intervals rated, with lines",
        "on tiers with a credit, with lines",
        "statements with heads",
        "bills verified",
    ]
    assert "All 2,976 intervals agree to the aBOLT" in out


def test_meter_reads_are_measured_from_bytes_to_durable_versions() -> None:
    assert measured(printed("bench/ingest.py", "--quick"))[:3] == [
        "parsed, VEE, durable",
        "the same file again: nothing new",
        "parsed only",
    ]


def test_proofs_are_measured_for_a_street_and_one_bill_beside_them() -> None:
    out = printed("bench/proofs.py", "--quick")
    assert re.search(r"^ +50 +[\d.]+ +[\d.]+ +[\d.]+ s +2,\d+ +[\d.]+ s +[\d.]+ x$", out, re.M)
    assert re.search(
        r"written in [\d.]+ ms, read in [\d.]+ ms, verified in [\d.]+ ms$", out.strip()
    )


def test_a_month_of_many_homes_is_measured_with_its_time_and_memory() -> None:
    out = printed("bench/scale.py", "--quick")
    assert measured(out)[:1] == ["day-ahead with cap, lines by day"]
    months = re.findall(r"^ +(\d+) +[\d,]+ +([12]) +[\d.]+ s +[\d.]+ s +\d+ MB", out, re.M)
    assert months == [("10", "1"), ("10", "2"), ("20", "1"), ("20", "2")]
    assert re.search(r"^From Parquet to Parquet.* 20 homes, 59,520 intervals in", out, re.M)
    assert "DuckDB audits one file of 2 in" in out


def test_the_ledger_is_measured_beside_databases_the_disk_and_other_programs() -> None:
    out = printed("bench/ledger.py", "--quick")
    assert measured(out) == [
        "128 bills a commit",
        "a bill a commit",
        "as bills of 8",
        "as days of 1,000",
    ]
    for peer in ("SQLite, a commit", "PostgreSQL, a commit", "hledger check", "bean-check"):
        assert f"peer: {peer}" in out


def test_the_storm_is_billed_on_every_plan_kind() -> None:
    out = printed("bench/storm.py", "--quick", "--real-time", "no such file")
    assert "no such file is not there: no real-time plan" in out
    assert "**Real-time prices were not there**" in out
    plans = [line.split("|")[1].strip() for line in out.splitlines() if line.count("|") == 7]
    assert plans[2:] == [
        "fixed", "free-nights", "usage-credit", "usage-charge-waived", "net-metering", "demand",
        "houston-day-ahead", "collar", "block-and-index", "day-ahead-uncapped",
    ]  # fmt: skip


def test_signals_are_measured_from_poll_to_push() -> None:
    out = printed("bench/signals.py", "--quick")
    assert measured(out) == ["event polls"]
    assert re.search(r"99 % of a poll within [\d.]+ ms", out)
    assert "20 agents" in out or "not measured (no mosquitto)" in out


def test_home_plans_are_measured_beside_their_limits() -> None:
    out = printed("bench/planner.py", "--quick")
    rows = re.findall(r"^(\S.*?) {2,}[\d.]+ (?:ms|s) .*limit [\d.]+;", out, re.M)
    assert rows == [
        "battery, 96 intervals",
        "battery and car, 192 intervals",
        "car, heat pump, battery, solar, 96 intervals",
        "20 battery homes of 96 intervals",
    ]
    assert "0 with a wish undone" in out


def test_regret_is_measured_beside_foresight_and_no_control() -> None:
    out = printed("bench/regret.py", "--quick")
    rows = re.findall(r"^  (\S.*?) {2,}-?[\d.]+ +(-?[\d.]+)%(.*)$", out, re.M)
    shares = {name: float(share) for name, share, _ in rows[:6]}
    assert shares["perfect foresight"] == 0
    assert shares["no control: the battery rests"] == 100
    assert 0 < shares["scenarios, rule followed live"] < shares["one forecast, optimal set-points"]
    assert all("0 limits or wishes broken" in rest for *_, rest in rows if "ms each" in rest)


def test_a_box_is_measured_from_cold_start_to_its_first_payment() -> None:
    out = printed("bench/box.py", "--quick")
    found = re.search(r"^battery +([\d.]+) s +([\d.]+) s +([\d.]+) s +(\d+) MB$", out, re.M)
    assert found is not None
    on_line_s, paid_s, cpu_s, peak_mb = map(float, found.groups())
    assert 0 < on_line_s <= paid_s
    assert cpu_s > 0
    assert peak_mb > 30


def test_identity_is_measured_beside_openssl() -> None:
    out = printed("bench/identity.py", "--quick")
    assert measured(out) == [
        "mutual, full",
        "mutual, resumed",
        "openssl s_time -new",
        "openssl s_time -reuse",
        "good chains",
        "first: claimed, on chain, certified",
        "again: certified",
    ]
    assert re.search(r"the slowest of the hostile chains, .*: [\d.]+ ms", out)
    assert re.search(r"an agent's identity part +\d+ ms +\d+ MB", out)


def test_many_silent_agents_are_measured_with_and_without_tls_beside_a_server_of_nothing() -> None:
    out = printed("bench/connections.py", "--quick")
    rows = re.findall(r"^  ( *[\w'].*?) {2,}([\d.,]+) +([\d.,]+) +([\d.,]+)$", out, re.M)
    assert {"memory a connection, kB", "full handshakes a second, with hello"} <= {
        r[0] for r in rows
    }
    resumed = next(row for row in rows if row[0].startswith("resumed"))
    assert (float(resumed[1].replace(",", "")) > 0, resumed[2]) == (True, "0")
