"""What can be wrong with a company's file, in words; ``problems`` takes them up."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "not_company_file": (
        "this is no company file that this version reads",
        "dit is geen bedrijfsbestand dat deze versie leest",
        "Begin it with: kiestoon: 1, as an export does",
        "Begin het met: kiestoon: 1, zoals een export doet",
    ),
    "not_yaml": (
        "the file is not YAML ({detail})",
        "het bestand is geen YAML ({detail})",
        "Look at this line and the one before it; indent with spaces",
        "Bekijk deze regel en die ervoor; spring in met spaties",
    ),
    "yaml_alias": (
        "anchors and aliases (& and *) are not read",
        "ankers en verwijzingen (& en *) worden niet gelezen",
        "Write the value out, or put it in quotes",
        "Schrijf de waarde uit, of zet die tussen aanhalingstekens",
    ),
    "yaml_depth": (
        "it is nested too deeply",
        "het is te diep genest",
        "Write it as an export does",
        "Schrijf het zoals een export doet",
    ),
    "twice": ("{field} stands there twice", "{field} staat er twee keer", "Remove one of them", "Haal er een weg"),
    "same_row": (
        "the same {field} is described on line {value} already",
        "{field} staat ook al op regel {value}",
        "Remove one of them",
        "Haal er een weg",
    ),
    "unknown_name": (
        "{field}: there is no {table} {value} in the file",
        "{field}: {table} {value} staat niet in het bestand",
        "Add it, or correct the name",
        "Voeg toe, of verbeter de naam",
    ),
    "removals": (
        "it would remove {value} rows of the company",
        "het zou {value} onderdelen van het bedrijf verwijderen",
        "Look at the difference; apply again allowing removals if that is what you want",
        "Bekijk het verschil; pas het opnieuw toe en sta verwijderen toe als u dat wilt",
    ),
}
