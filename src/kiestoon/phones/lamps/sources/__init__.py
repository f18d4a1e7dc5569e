"""What has a lamp: one module for each kind."""

from kiestoon.phones.lamps.sources.extensions import Extensions
from kiestoon.phones.lamps.sources.mailboxes import MailboxCounts, Mailboxes
from kiestoon.phones.lamps.sources.own_features import OwnFeatures
from kiestoon.phones.lamps.sources.parking import ParkPlaces
from kiestoon.phones.lamps.sources.people import People
from kiestoon.phones.lamps.sources.plans import Plans
from kiestoon.phones.lamps.sources.queue_switches import QueueSwitches
from kiestoon.phones.lamps.sources.watched_lines import WatchedLines

__all__ = [
    "Extensions",
    "MailboxCounts",
    "Mailboxes",
    "OwnFeatures",
    "ParkPlaces",
    "People",
    "Plans",
    "QueueSwitches",
    "WatchedLines",
]
