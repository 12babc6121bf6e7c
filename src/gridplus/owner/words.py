"""Orders and channels in words: what a person reads before a key signs."""

from gridplus.channel import ChannelView
from gridplus.contracts.word import ExitKind
from gridplus.owner.order import Order
from gridplus.units import HOUR_S, format_ubolt, format_utc, utc_from_s
from gridplus.wallet import CancelExit, Close, Rotate, SetCap, StartExit


def say_order(order: Order, view: ChannelView) -> tuple[str, ...]:
    """The sentences of an order, given the channel as it stands: first what it does."""
    action = order.action
    if isinstance(action, StartExit):
        told = _say_exit(order, action, view=view)
    elif isinstance(action, CancelExit):
        told = ["Stay: whatever exit is under way is cancelled. No money moves."]
    elif isinstance(action, SetCap):
        told = [
            f"Let the Smart Agent pay at most {action.daily_cap} BOLT a day "
            f"(now {view.word.daily_cap}). Days saved up are lost. No money moves."
        ]
    elif isinstance(action, Close):
        left = _left(view, action)
        told = [
            f"Close the account: pay out {_bolt(left)} BOLT to the owner "
            f"{_address(order.identity.descriptor.owner)} at once, leaves 0.",
            f"The last bill stands at {_bolt(action.spent)} BOLT spent and "
            f"{_bolt(action.earned)} BOLT earned for life.",
        ]
    else:
        told = _say_rotation(action, view)
    return (*told, f"Valid until {_instant(action.valid_until_s)}.")


def say_standing(view: ChannelView, *, now_s: int) -> tuple[str, ...]:
    """Where a channel stands, and what can be done next, by when."""
    word = view.word
    if not word.is_open:
        return ("Nothing has been deposited to this account yet.",)
    if word.is_retired:
        return ("This account was moved to new keys; nothing is left here.",)
    told = [
        f"{_bolt(word.headroom)} BOLT are yours.",
        f"Deposited {_bolt(word.deposited)}, spent {_bolt(word.spent)}, earned "
        f"{_bolt(word.earned)}, paid out {_bolt(word.withdrawn)} BOLT for life.",
        f"The Smart Agent may pay at most {word.daily_cap} BOLT a day, and "
        f"{_bolt(view.cap_allowance)} BOLT now.",
    ]
    if not word.has_exit(now_s):
        return (*told, "No exit is under way.")
    mature_s = word.exit_hour * HOUR_S
    lapse_s = mature_s + 48 * HOUR_S
    if now_s < mature_s:
        started = "the owner alone" if word.exit_kind == ExitKind.OWNER_ALONE else "two keys"
        told.append(f"An exit, started by {started}, matures on {_instant(mature_s)}.")
        told.append("Until then two keys can cancel it; the owner can, if he started it alone.")
    else:
        told.append(f"An exit is ready: finish it before {_instant(lapse_s)}, or it lapses.")
    return tuple(told)


def _say_exit(order: Order, action: StartExit, *, view: ChannelView) -> list[str]:
    to_owner = action.to == order.identity.descriptor.owner
    whose = "the owner" if to_owner else "an address that is not the owner's:"
    when = (
        "7 days after it is sent when the owner signs, 21 when guardian and device do"
        if to_owner
        else "21 days after it is sent, by guardian and device"
    )
    return [
        f"Pay out {_bolt(view.headroom)} BOLT, less what is claimed until then, to {whose} "
        f"{_address(action.to)}; leaves the account with 0.",
        f"Matures {when}; it must be finished within 48 hours, or it lapses.",
    ]


def _say_rotation(action: Rotate, view: ChannelView) -> list[str]:
    left = _left(view, action)
    return [
        f"Move the account to new keys with all its {_bolt(left)} BOLT: the Smart Agent's new "
        f"payment key is {_address(action.voucher_key)}.",
        "The old account is retired for ever. No money leaves.",
    ]


def _left(view: ChannelView, final: Close | Rotate) -> int:
    """The headroom once the final pair is posted."""
    word = view.word
    taken, raised = max(0, final.spent - word.spent), max(0, final.earned - word.earned)
    return view.headroom - taken + raised


def _bolt(ubolt: int) -> str:
    """Cents where that is exact, all six digits where it is not."""
    text = format_ubolt(ubolt)
    return text[:-4] if text.endswith("0000") else text


def _address(octets: bytes) -> str:
    return f"0x{octets.hex()}"


def _instant(instant_s: int) -> str:
    return format_utc(utc_from_s(instant_s)).replace("T", " ").replace(":00Z", " UTC")
