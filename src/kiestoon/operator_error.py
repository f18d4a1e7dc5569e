"""The one exception that is meant for the operator's eyes."""

from __future__ import annotations


class OperatorError(Exception):
    """Something only the operator can put right: one sentence says what is wrong, the next what to do about it.

    The command line prints it without a traceback and exits with ``exit_code`` (sysexits.h values where one fits).
    """

    exit_code = 1

    def __init__(self, what: str, do: str) -> None:
        super().__init__(f"{what.rstrip('.')}. {do.rstrip('.')}.")
        self.what = what
        self.do = do
