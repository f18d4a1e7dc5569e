"""What can go wrong with the store, said so that the operator can act on it."""

from __future__ import annotations

from kiestoon.operator_error import OperatorError
from kiestoon.store.problems import Problem


class StoreError(OperatorError):
    """Base of the store's errors."""


class SchemaTooNewError(StoreError):
    """The database was written by a newer Kiestoon."""

    exit_code = 78  # EX_CONFIG


class SchemaOutdatedError(StoreError):
    """The database must be migrated first."""

    exit_code = 78


class DatabaseUnavailableError(StoreError):
    """The database cannot be opened, read or written."""

    exit_code = 74  # EX_IOERR


class KeyFileError(StoreError):
    """The installation's key is missing, unreadable or not the one the secrets were encrypted with."""

    exit_code = 78


class InvalidRowError(StoreError):
    """What was to be written breaks a rule of the data (taken extension, bad number, …).

    ``problems`` says which field and rule; ``status`` is the HTTP status that fits.
    """

    exit_code = 65  # EX_DATAERR
    status = 422

    def __init__(self, what: str, do: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(what, do)
        self.problems = problems


class ConflictError(InvalidRowError):
    """The row was changed or removed meanwhile, is taken, or is still in use."""

    status = 409


class NotPermittedError(InvalidRowError):
    """Whoever asks has no right to this, whatever the role: it hangs on the rows themselves."""

    status = 403
