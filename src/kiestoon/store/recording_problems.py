"""What can be wrong with an uploaded recording, in words; ``problems`` takes them up."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "not_audio": (
        "the file holds no sound that can be played",
        "het bestand bevat geen geluid dat kan worden afgespeeld",
        "Send a WAV, MP3, WMA, Ogg, FLAC or M4A file",
        "Stuur een WAV-, MP3-, WMA-, Ogg-, FLAC- of M4A-bestand",
    ),
    "recording_too_long": (
        "the recording lasts longer than {limit} minutes",
        "de opname duurt langer dan {limit} minuten",
        "Cut it",
        "Kort haar in",
    ),
    "played_elsewhere": (
        "the playlist {value} is heard elsewhere as well",
        "de afspeellijst {value} is ook elders te horen",
        "Give yours another name, or ask an administrator of the company",
        "Geef de uwe een andere naam, of vraag het een beheerder van het bedrijf",
    ),
    "playlist_too_long": (
        "the playlist would last longer than {limit} minutes",
        "de afspeellijst zou langer dan {limit} minuten duren",
        "Remove a file first, or use another playlist",
        "Verwijder eerst een bestand, of gebruik een andere afspeellijst",
    ),
}
