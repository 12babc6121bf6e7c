"""Bills that people like to read: what was used, when, what it cost and why, how to check it."""

from gridplus.paper.html import html_bill
from gridplus.paper.story import Phase, Slot, Story, View, phase_of, story_of

__all__ = ["Phase", "Slot", "Story", "View", "html_bill", "phase_of", "story_of"]
