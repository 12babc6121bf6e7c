"""The watchtower: redeems for a hub that is gone, and for its homes, what they have signed."""

from gridplus.watch.config import WatchConfig, open_tower
from gridplus.watch.tower import Case, Stage, Watchtower

__all__ = ["Case", "Stage", "WatchConfig", "Watchtower", "open_tower"]
