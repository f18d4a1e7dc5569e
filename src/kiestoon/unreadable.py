"""What msgspec raises for bytes that are not what they ought to be.

For a string that is no UTF-8 that is Python's own error, which is no ``msgspec.DecodeError``.
"""

from __future__ import annotations

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError)
