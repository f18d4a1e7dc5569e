"""What a new company has from its first day."""

from __future__ import annotations

from kiestoon.company.code_presets import CodePreset, preset_codes
from kiestoon.company.model import Company, NumberPlan, NumberScheme
from kiestoon.store.write import Changes


def furnish(changes: Changes, company: Company, preset: CodePreset) -> None:
    """Codes of a preset, and the main scheme every company has (E 8.1), with a plan that fills all gaps."""
    add_codes(changes, company, preset)
    dutch = company.language.startswith("nl")
    scheme = changes.add(
        NumberScheme(id=0, company_id=company.id, name="Hoofdschema" if dutch else "Main scheme", is_main=True)
    )
    changes.add(
        NumberPlan(
            id=0, company_id=company.id, scheme_id=scheme.id, name="Altijd" if dutch else "Always", is_fallback=True
        )
    )


def add_codes(changes: Changes, company: Company, preset: CodePreset) -> int:
    """Give a company (which has no codes yet) the feature codes of a preset: how many."""
    rows = preset_codes(preset, company)
    for row in rows:
        changes.add(row)
    return len(rows)
