"""What devices do when there is no plan: nothing clever, nothing that an owner would regret."""

from gridplus.planner.devices import BATTERY, CAR, CLIMATE
from gridplus.planner.store import Store


def safe_intent(store: Store, i: int, *, alone: int) -> int:
    """The battery rests, or charges up to its reserve. The car charges at once to what it shall
    hold. The house is kept within its band, without looking ahead. The tank is kept hot."""
    wants = store.wants
    if store.device == BATTERY:
        return max(alone, min(store.reserve, store.high))
    if store.device == CAR:
        return max(alone, *(want.low or 0 for want in wants))
    if store.device == CLIMATE:
        now = next((want for want in wants if want.at == i), None)
        if now is None or now.low is None or now.high is None:
            return alone
        return min(max(alone, now.low), now.high)
    return store.high
