"""The contract between the services: every event, and the values it is made of.

An event class names a fact in the past tense; its fields are the event's `data`. Evolution is
additive only: unknown fields are ignored, a breaking change is a new event beside the old one.
Who needs the values alone imports them from `event`, and knows no event.
"""

from shared.events.catalog import *
from shared.events.compute import *
from shared.events.endings import *
from shared.events.envelope import *
from shared.events.event import *
from shared.events.event import REGISTRY, Event
from shared.events.intake import *
from shared.events.notify import *

LAB_EVENTS: tuple[type[Event], ...] = tuple(REGISTRY.values())
"""The lab's own events, without those that tests define later."""
