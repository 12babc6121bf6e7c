"""When the hub claims before the day is closed: a claim costs gas and cap, waiting costs safety."""

from dataclasses import dataclass
from enum import Enum
from typing import Self

from gridplus.hub.standing import Standing
from gridplus.tariff import Fields
from gridplus.units import DAY_S, PPM, mul_div_down


class ClaimDue(Enum):
    """Why now, in the order of the checks."""

    VALUE_AT_RISK = "more is signed and not on chain than the hub may risk"
    TOO_OLD = "a signed voucher has waited longer than it may"
    CREDIT_UNCOVERED = "homes are owed more credit than the pool comfortably covers today"


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """`at_risk_ubolt`: no limit when None. `age_s`: from the start of the oldest interval that is
    not paid on chain. `credit_share_ppm`: of what the vault would pay of credits today; a claim
    brings each home's `earned` on chain with its `spent`."""

    at_risk_ubolt: int | None = None
    age_s: int = 2 * DAY_S
    credit_share_ppm: int = PPM // 2

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """`claim_at_risk_ubolt` and `claim_after_s` of a hub's configuration, if they are there."""
        usual = cls()
        at, after = "claim_at_risk_ubolt", "claim_after_s"
        return cls(
            fields.integer(at) if fields.has(at) else usual.at_risk_ubolt,
            fields.integer(after) if fields.has(after) else usual.age_s,
        )

    def why_now(self, standing: Standing, *, now_s: int) -> ClaimDue | None:
        """None while it may wait."""
        if standing.unclaimed == 0:
            return None
        if self.at_risk_ubolt is not None and standing.unclaimed > self.at_risk_ubolt:
            return ClaimDue.VALUE_AT_RISK
        oldest_s = standing.oldest_unclaimed_s
        if oldest_s is not None and now_s - oldest_s > self.age_s:
            return ClaimDue.TOO_OLD
        if standing.payable is not None:
            covered = mul_div_down(standing.payable, self.credit_share_ppm, divisor=PPM)
            if standing.unposted > covered:
                return ClaimDue.CREDIT_UNCOVERED
        return None


USUAL_CLAIMS = ClaimPolicy()
