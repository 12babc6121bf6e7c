"""The contracts beside vault, token and anchor: their calls are compiled functions, and small."""

from pathlib import Path

import pytest
from vyper.compiler import compile_code
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import OptimizationLevel, Settings

from gridplus.contracts import (
    artifact,
    bolt_wrapper,
    code_hashes,
    kwh_credits,
    registry,
    reserve_feed,
    vault_factory,
)
from gridplus.contracts.abi import selector
from gridplus.failures import Bug, RemoteError
from tests.contracts.test_calls import ADDRESS, SIGNATURE, WORD, spelling

FOLDER = Path(__file__).resolve().parents[2] / "src" / "gridplus" / "contracts"
CODE_LIMIT = 24_576
ENROLMENT = registry.SignedEnrolment(ADDRESS, bytes(64), ADDRESS, 0, SIGNATURE, SIGNATURE)
REDEMPTION = kwh_credits.SignedRedemption(ADDRESS, WORD, 1, 1, 1, SIGNATURE)
CALLDATA = {
    "bolt": [reserve_feed.read_reserve()],
    "bolt_wrapper": [
        bolt_wrapper.wrap(ADDRESS, 1),
        bolt_wrapper.unwrap(ADDRESS, 1),
        bolt_wrapper.underlying().calldata,
        bolt_wrapper.unit().calldata,
        bolt_wrapper.backing().calldata,
    ],
    "credits": [
        kwh_credits.grant(ADDRESS, expires_at_s=1, amount_wh=1),
        kwh_credits.redeem(WORD, amount_wh=1, expires_at_s=1),
        kwh_credits.redeem_signed(REDEMPTION),
        kwh_credits.raise_nonce(),
        kwh_credits.lot(ADDRESS, 1).calldata,
        kwh_credits.redeemed_in(ADDRESS, 1).calldata,
        kwh_credits.nonce_of(ADDRESS).calldata,
        kwh_credits.period().calldata,
        kwh_credits.granted_wh().calldata,
        kwh_credits.redeemed_wh().calldata,
    ],
    "registry": [
        registry.issue([ADDRESS]),
        registry.enrol(ENROLMENT),
        registry.hand_over(WORD, ADDRESS),
        registry.unenrol(WORD),
        registry.revoke(ADDRESS),
        registry.maker().calldata,
        registry.claim(ADDRESS).calldata,
        registry.device(WORD).calldata,
    ],
    "reserve_feed": [
        reserve_feed.attest(1, supply_seen=1, reserve=1, signatures={ADDRESS: SIGNATURE}),
        reserve_feed.attestation().calldata,
        reserve_feed.latest_round().calldata,
        reserve_feed.round_data(1).calldata,
        reserve_feed.decimals().calldata,
        reserve_feed.description().calldata,
        reserve_feed.version().calldata,
        reserve_feed.is_attestor(ADDRESS).calldata,
    ],
    "vault_factory": [
        vault_factory.create_vault(ADDRESS, hub=ADDRESS, treasurer=ADDRESS),
        vault_factory.is_vault(ADDRESS).calldata,
    ],
}


@pytest.mark.parametrize("name", list(CALLDATA))
def test_every_call_is_a_function_of_the_compiled_contract(name: str) -> None:
    functions = [entry for entry in artifact(name).abi if entry["type"] == "function"]
    known = {selector(spelling(entry)) for entry in functions}
    assert {data[:4] for data in CALLDATA[name]} <= known


@pytest.mark.filterwarnings("ignore:Length of compiled bytecode")  # without optimisation only
@pytest.mark.parametrize("name", sorted(code_hashes()))
def test_every_contract_fits_a_chain_and_compiles_without_optimisation(name: str) -> None:
    assert artifact(name).runtime_size <= CODE_LIMIT
    bundle = FilesystemInputBundle([FOLDER])
    with bundle.search_path(FOLDER):
        source = bundle.load_file(Path(f"{name}.vy"))
    compiled = compile_code(
        source.contents,
        contract_path=source.path,
        resolved_path=source.resolved_path,
        input_bundle=bundle,
        output_formats=["bytecode_runtime", "method_identifiers"],
        settings=Settings(evm_version="prague", optimize=OptimizationLevel.NONE),
    )
    assert len(compiled["bytecode_runtime"]) > 2 * artifact(name).runtime_size


def test_what_a_contract_cannot_take_is_a_bug() -> None:
    with pytest.raises(Bug, match="200 claim keys"):
        registry.issue([ADDRESS] * 201)
    with pytest.raises(Bug, match="64 bytes"):
        registry.device_of(bytes(63))
    with pytest.raises(Bug, match="16 attestors"):
        reserve_feed.init_code(ADDRESS, [ADDRESS] * 17, quorum=1)


def test_a_status_that_there_is_not_is_an_error() -> None:
    assert registry.claim(ADDRESS).decode(bytes(64)).status is registry.Status.UNKNOWN
    with pytest.raises(RemoteError, match="no status"):
        registry.claim(ADDRESS).decode(bytes(31) + b"\x03" + bytes(32))
