"""Outside lines in the order they are tried."""

from __future__ import annotations

from kiestoon.company.directory import Directory
from kiestoon.company.model import Trunk


def ordered_trunks(directory: Directory, company_id: int) -> list[Trunk]:
    """The company's own lines, then shared ones; each by priority, encrypted first among equals."""
    return sorted(directory.trunks_of(company_id), key=_trunk_order)


def _trunk_order(trunk: Trunk) -> tuple[bool, int, bool]:
    return trunk.company_id is None, trunk.priority, trunk.transport != "tls" and trunk.srtp == "off"
