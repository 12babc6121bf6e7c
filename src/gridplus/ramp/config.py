"""The ramp's configuration file, and a ramp made from it."""

import tomllib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
from starlette.applications import Starlette

from gridplus.chain import USUAL_FEES, FeeRules, Outbox, RpcChain, Sender
from gridplus.chain.deployment import Deployment
from gridplus.chain.fee_terms import fee_rules
from gridplus.clock import Clock, FileClock, SystemClock
from gridplus.failures import InputError
from gridplus.journal import Fact, SqliteJournal
from gridplus.keystore import KeyStore, Secp256k1Key, read_token
from gridplus.ramp.app import RampApp
from gridplus.ramp.facts import OUTBOX, Kind
from gridplus.ramp.provider import Provider, SandboxProvider, WebhookProvider
from gridplus.ramp.ramp import Ramp, RampParts
from gridplus.serving import closing, serve
from gridplus.tariff import Fields


@dataclass(frozen=True, slots=True)
class RampConfig:
    """Paths are relative to the file. `provider_url` is where charges are asked for; without one
    the ramp plays with sandbox money. `provider_secret` is a file with the secret both sign with,
    `key_name` the cashier's key: it holds BOLT and ether, and no other right."""

    journal: Path
    deployment: Path
    keys: Path
    key_name: str
    admin_token: Path
    provider_secret: Path
    chain_url: str
    provider_url: str | None = None
    clock: Path | None = None
    confirmations: int | None = None
    fees: FeeRules = USUAL_FEES

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises InputError that names the file, the field and the mend."""
        try:
            table = tomllib.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as a ramp's configuration: {error}") from None
        fields, here = Fields(table, str(path)), path.parent
        url, depth = "provider_url", "confirmations"
        config = cls(
            journal=here / fields.text("journal"),
            deployment=here / fields.text("deployment"),
            keys=here / fields.text("keys"),
            key_name=fields.text("key_name"),
            admin_token=here / fields.text("admin_token"),
            provider_secret=here / fields.text("provider_secret"),
            chain_url=fields.text("chain_url"),
            provider_url=fields.text(url) if fields.has(url) else None,
            clock=here / fields.text("clock") if fields.has("clock") else None,
            confirmations=fields.integer(depth) if fields.has(depth) else None,
            fees=fee_rules(fields),
        )
        fields.close()
        return config


def serve_ramp(config: RampConfig, *, port: int, exit_with_parent: bool) -> None:
    """Serve the ramp on loopback until SIGTERM. Raises InputError or StorageError at start."""
    kind = "sandbox" if config.provider_url is None else "webhook"
    ready = {"ready": "ramp", "provider": kind}
    serve(ramp_app(config), port=port, describe=ready, exit_with_parent=exit_with_parent)


def ramp_app(config: RampConfig) -> Starlette:
    """The ramp over its real parts, which are opened here and closed with the app."""
    token, secret = read_token(config.admin_token), read_token(config.provider_secret).encode()
    client = httpx.AsyncClient(trust_env=False)
    provider: Provider = SandboxProvider(secret)
    if config.provider_url is not None:
        provider = WebhookProvider(config.provider_url, client, secret=secret)
    with ExitStack() as opened:
        ramp = _open_ramp(config, opened, provider=provider)
        kept = opened.pop_all()
    return closing(RampApp(ramp, admin_token=token).starlette(), kept, client=client)


def _open_ramp(config: RampConfig, opened: ExitStack, *, provider: Provider) -> Ramp:
    clock: Clock = SystemClock() if config.clock is None else FileClock(config.clock)
    chain = opened.enter_context(RpcChain(config.chain_url, confirmations=config.confirmations))
    deployment = Deployment.load(config.deployment)
    deployment.require_on(chain)
    journal = opened.enter_context(SqliteJournal.open(config.journal, now_s=clock.now_s))
    key = KeyStore(config.keys).load(config.key_name, Secp256k1Key)
    sender = Sender(key, chain, outbox=open_outbox(journal), rules=config.fees)
    return Ramp(RampParts(chain, deployment, sender, journal, provider, clock))


def open_outbox(journal: SqliteJournal) -> Outbox:
    """What the cashier's key has sent."""

    def write(entry: bytes) -> None:
        journal.append([Fact(Kind.OUTBOX_WRITTEN.value, OUTBOX, entry)])

    return Outbox((stored.fact.body for stored in journal.replay(subject=OUTBOX)), write=write)
