"""What rows must look like before they are written: ``generic`` for every type, one file per subject beside it."""

from kiestoon.store.rules.check import check_removal, check_row
from kiestoon.store.rules.peek import Peek, describe

__all__ = ["Peek", "check_removal", "check_row", "describe"]
