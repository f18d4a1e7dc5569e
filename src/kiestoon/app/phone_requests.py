"""Who does what services ask the back office for."""

from __future__ import annotations

from kiestoon.app.back_office import BackOffice


def register_all(office: BackOffice) -> None:
    """Every request of ``calls.requests`` with its function."""
