"""What the vault's logs mean for the hub's homes. Pure: the words are read elsewhere."""

from collections.abc import Iterable, Sequence

from gridplus.channel import ChainSeen, Claimed, ExitStarted
from gridplus.contracts import logs
from gridplus.hub.facts import VaultFollowed
from gridplus.hub.homes import Homes
from gridplus.hub.today import Today
from gridplus.hub.vault import Sight
from gridplus.wallet import Address, ChannelId

_KEEP_BLOCKS = 500
"""So many blocks without a log are read again after a crash, rather than journaled one by one."""
_POOL_LOGS = (
    logs.PoolFunded,
    logs.Claimed,
    logs.VouchersPosted,
    logs.CreditPosted,
    logs.Closed,
    logs.Rotated,
    logs.WithdrawalRequested,
    logs.WithdrawalCancelled,
    logs.WithdrawalFinished,
)
Told = dict[ChannelId, type[ChainSeen]]


def concerned(events: Iterable[logs.Log], homes: Homes) -> Told:
    """The channels of `homes` whose words may have moved, and what the log makes of that.

    Claims name no channel: whoever has signed more than was paid may be meant.
    """
    told: Told = {}
    for event in events:
        match event:
            case logs.ExitStarted(channel=channel):
                told[ChannelId(channel)] = ExitStarted
            case logs.CreditPosted(channel=channel):
                told.setdefault(ChannelId(channel), Claimed)
            case (
                logs.Deposited(channel=channel)
                | logs.ExitCancelled(channel=channel)
                | logs.ExitFinished(channel=channel)
                | logs.Closed(channel=channel)
                | logs.CapSet(channel=channel)
            ):
                told.setdefault(ChannelId(channel), ChainSeen)
            case logs.Rotated(channel=channel, successor=successor):
                told.setdefault(ChannelId(channel), ChainSeen)
                told.setdefault(ChannelId(successor), ChainSeen)
            case logs.Claimed():
                for name in homes.named(homes.figures.owed):
                    told.setdefault(name, Claimed)
            case _:
                pass
    return {channel_id: kind for channel_id, kind in told.items() if channel_id in homes}


def concerns_everybody(events: Iterable[logs.Log]) -> bool:
    """Whether any home may be meant, also one that never gave us what was posted."""
    return any(isinstance(event, logs.VouchersPosted) for event in events)


def moves_pool(events: Iterable[logs.Log]) -> bool:
    """Whether the credit that the vault would pay may be another after these logs."""
    return any(isinstance(event, _POOL_LOGS) for event in events)


def new_day(homes: Homes, today: Today) -> dict[ChannelId, ChainSeen]:
    """What homes are told of the day before they are touched: an exit matures, a stop may end."""
    figures = homes.figures
    told = {home.channel: today.news(home) for home in homes.at(figures.leaving)}
    told |= {home.channel: today.news(home) for home in homes.at(figures.stopped)}
    return {channel: news for channel, news in told.items() if news is not None}


def named_hub(
    events: Sequence[logs.Log], before: VaultFollowed | None, *, ours: Address
) -> Address | None:
    """The hub that the vault names, unless it is ours."""
    named = [event.hub for event in events if isinstance(event, logs.HubReplaced)]
    if not named:
        return None if before is None else before.replaced_by
    return None if named[-1] == ours else Address(named[-1])


def worth_keeping(sight: Sight, before: VaultFollowed) -> bool:
    """Whether to journal the cursor: a log came, or many blocks without one."""
    read = sight.cursor.next_block - before.cursor.next_block
    return bool(sight.events) or read >= _KEEP_BLOCKS
