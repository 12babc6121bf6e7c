"""The fiat ramp: payments by card or bank become deposits, once they are final."""

from gridplus.ramp.config import RampConfig, ramp_app, serve_ramp
from gridplus.ramp.provider import Payment, Provider, SandboxProvider, WebhookProvider
from gridplus.ramp.ramp import Ramp

__all__ = [
    "Payment",
    "Provider",
    "Ramp",
    "RampConfig",
    "SandboxProvider",
    "WebhookProvider",
    "ramp_app",
    "serve_ramp",
]
