"""OpenZeppelin's ERC-20 (@openzeppelin/contracts): no channel at all, a payment on chain a month.

The package ships parts, not a token. The smallest one with its ERC-2612 and its ERC-3009 is
compiled at bench time, by the version of solc that its shipped bytecode names.
"""

import json
import os
import posixpath
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from eth_abi.abi import encode

from gridplus.contracts import calls
from gridplus.contracts.abi import call_data
from gridplus.digest import keccak256
from gridplus.keystore import Secp256k1Key
from gridplus.wallet import Address
from peers.ground import BOLT, CHAIN_ID, DAY_S, Cost, Ground, key, vrs
from peers.installed import OPENZEPPELIN, SOLC, NotInstalled, installed, root

NAME = "Dollar"
SUPPLY = 10**15
MONTH = 34_567_890
SOURCE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;
import {ERC20} from "./token/ERC20/ERC20.sol";
import {ERC20Permit} from "./token/ERC20/extensions/ERC20Permit.sol";
import {ERC20TransferAuthorization} from
    "./token/ERC20/extensions/ERC20TransferAuthorization.sol";
import {Nonces} from "./utils/Nonces.sol";
import {NoncesKeyed} from "./utils/NoncesKeyed.sol";

contract Dollar is ERC20Permit, ERC20TransferAuthorization {
    constructor(uint256 supply) ERC20("Dollar", "USD") ERC20Permit("Dollar") {
        _mint(msg.sender, supply);
    }

    function nonces(address owner)
        public view override(ERC20Permit, Nonces) returns (uint256)
    {
        return super.nonces(owner);
    }

    function _useCheckedNonce(address owner, uint256 nonce)
        internal override(Nonces, NoncesKeyed)
    {
        super._useCheckedNonce(owner, nonce);
    }
}
"""
_IMPORT = re.compile(r'(?:from|import)\s+"(\.[^"]+)"')
_COMPILE = """
const solc = require(process.argv[1]);
const compile = solc.cwrap("solidity_compile", "string", ["string", "number", "number"]);
process.stdout.write(compile(require("fs").readFileSync(0, "utf8"), 0, 0));
"""
_DOMAIN = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_PERMIT = keccak256(
    b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
)
_AUTHORIZATION = keccak256(
    b"TransferWithAuthorization(address from,address to,uint256 value,"
    b"uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)


class Dollar:
    """The token, all of it in the hands of `issuer`; who signs has a nonce a use."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.issuer = key("dollar issuer")
        code = _init_code() + encode(["uint256"], [SUPPLY])
        self.address = ground.deploy(code)
        ground.send(key("treasury"), self.address, calls.transfer(self.issuer.address, SUPPLY))

    def home(self, name: str) -> Secp256k1Key:
        """A key with 1,000 dollars."""
        home = key(f"dollar {name}")
        self.ground.send(self.issuer, self.address, calls.transfer(home.address, 1_000 * BOLT))
        return home

    def balance(self, holder: Address) -> int:
        view = calls.balance_of(holder)
        return view.decode(self.ground.ask(self.address, view.calldata))

    def permit(self, home: Secp256k1Key, spender: Address, amount: int, *, nonce: int) -> bytes:
        """Calldata, for anybody, with which `spender` may take `amount`."""
        until_s = self.ground.now_s + DAY_S
        types = ("bytes32", "address", "address", "uint256", "uint256", "uint256")
        said = encode(types, (_PERMIT, home.address, spender, amount, nonce, until_s))
        return call_data(
            "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
            home.address,
            spender,
            amount,
            until_s,
            *vrs(home.sign(self._digest(said))),
        )

    def authorized(self, home: Secp256k1Key, to: Address, amount: int, *, nonce: int) -> bytes:
        """Calldata, for anybody, of a transfer that the home signed."""
        types = ("bytes32", "address", "address", "uint256", "uint256", "uint256", "bytes32")
        promise = (
            home.address, to, amount, 0, self.ground.now_s + DAY_S, nonce.to_bytes(32, "big"),
        )  # fmt: skip
        return call_data(
            "transferWithAuthorization"
            "(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
            *promise,
            *vrs(home.sign(self._digest(encode(types, (_AUTHORIZATION, *promise))))),
        )

    def _digest(self, said: bytes) -> bytes:
        types = ("bytes32", "bytes32", "bytes32", "uint256", "address")
        names = keccak256(NAME.encode()), keccak256(b"1")
        domain = keccak256(encode(types, (_DOMAIN, *names, CHAIN_ID, self.address)))
        return keccak256(b"\x19\x01" + domain + keccak256(said))


def taking(home: Secp256k1Key, to: Address, amount: int) -> bytes:
    """Calldata with which `to` takes what the home allows it."""
    return call_data("transferFrom(address,address,uint256)", home.address, to, amount)


def measure_transfer(ground: Ground) -> dict[str, Cost]:
    """A home sends what it owes."""
    dollar, retailer = _open_till(ground)
    data = calls.transfer(retailer.address, MONTH)
    return {"month": ground.send(dollar.home("ada"), dollar.address, data)}


def measure_permit(ground: Ground) -> dict[str, Cost]:
    """A home signs, the retailer shows it and takes; the second month counts."""
    dollar, retailer = _open_till(ground)
    ada = dollar.home("ada")
    for nonce in range(2):
        permit = dollar.permit(ada, retailer.address, MONTH, nonce=nonce)
        cost = ground.send(retailer, dollar.address, permit)
        cost += ground.send(retailer, dollar.address, taking(ada, retailer.address, MONTH))
    return {"month": cost}


def measure_authorization(ground: Ground) -> dict[str, Cost]:
    """A home signs a transfer, the retailer sends it; the second month counts."""
    dollar, retailer = _open_till(ground)
    ada = dollar.home("ada")
    for nonce in range(2):
        data = dollar.authorized(ada, retailer.address, MONTH, nonce=nonce)
        cost = ground.send(retailer, dollar.address, data)
    return {"month": cost}


def _open_till(ground: Ground) -> tuple[Dollar, Secp256k1Key]:
    """The token, and a retailer that holds some."""
    dollar = Dollar(ground)
    return dollar, dollar.home("retailer")


def _init_code() -> bytes:
    """Creation code, compiled once and kept beside the packages."""
    kept = root() / f"dollar-{OPENZEPPELIN.version}-{SOLC.version}.hex"
    if not kept.exists():
        made = kept.with_suffix(f".{os.getpid()}")
        made.write_text(_compiled(installed(OPENZEPPELIN)))
        made.replace(kept)
    return bytes.fromhex(kept.read_text())


def _compiled(package: Path) -> str:
    if shutil.which("node") is None:
        raise NotInstalled("there is no node to run the compiler")
    asked: dict[str, Any] = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in _sources(package).items()},
        "settings": {
            "evmVersion": "prague",
            "optimizer": {"enabled": True, "runs": 200},
            "outputSelection": {"Dollar.sol": {NAME: ["evm.bytecode.object"]}},
        },
    }
    command = ["node", "-e", _COMPILE, str(installed(SOLC) / "soljson.js")]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        raise NotInstalled(f"the compiler failed: {done.stderr.strip()[-200:]}")
    answer = json.loads(done.stdout)
    wrong = [e["formattedMessage"] for e in answer.get("errors", []) if e["severity"] == "error"]
    if wrong:
        raise NotInstalled(f"it does not compile: {wrong[0]}")
    return str(answer["contracts"]["Dollar.sol"][NAME]["evm"]["bytecode"]["object"])


def _sources(package: Path) -> dict[str, str]:
    """The token and all that it imports, by path."""
    found = {"Dollar.sol": SOURCE}
    waiting = ["Dollar.sol"]
    while waiting:
        at = waiting.pop()
        for path in _IMPORT.findall(found[at]):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(at), path))
            if name not in found:
                found[name] = (package / name).read_text()
                waiting.append(name)
    return found
