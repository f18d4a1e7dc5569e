"""What a new company has from its first day."""

from __future__ import annotations

from kiestoon.company.code_presets import CodePreset, preset_codes
from kiestoon.company.model import Company
from kiestoon.store.write import Changes


def add_codes(changes: Changes, company: Company, preset: CodePreset) -> int:
    """Give a company (which has no codes yet) the feature codes of a preset: how many."""
    rows = preset_codes(preset, company)
    for row in rows:
        changes.add(row)
    return len(rows)
