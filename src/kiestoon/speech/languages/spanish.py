"""Spanish."""

from __future__ import annotations

from datetime import date, datetime, time

from kiestoon.speech.languages.grammar import Language, days_from, hour_and_minute
from kiestoon.speech.phrase import Moment

_NEAR = {-1: "ayer", 0: "hoy", 1: "mañana"}
_HOURS = (
    "cero", "una", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce",
    "trece", "catorce", "quince", "dieciséis", "diecisiete", "dieciocho", "diecinueve", "veinte", "veintiuna",
    "veintidós", "veintitrés",
)  # fmt: skip
"""Hours are feminine."""
_TENS = {
    21: "veintiún", 31: "treinta y un", 41: "cuarenta y un", 51: "cincuenta y un", 61: "sesenta y un",
    71: "setenta y un", 81: "ochenta y un", 91: "noventa y un",
}  # fmt: skip
"""Before a masculine noun "uno" loses its ending, which synthesisers do not know."""


class Spanish(Language):
    """ "las catorce y 30", "lunes 3 de noviembre"."""

    code = "es"
    digits = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")
    signs = {"+": "más", "*": "asterisco", "#": "almohadilla"}  # noqa: RUF012 - constants of the base class
    withheld = "un número oculto"
    weekdays = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
    months = (
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    )  # fmt: skip

    def count(self, number: int) -> str:
        """A number before a masculine noun."""
        return _TENS.get(number, str(number))

    def clock(self, at: time) -> str:
        return f"{'es' if at.hour == 1 else 'son'} {_time(at)}"

    def day(self, day: date) -> str:
        return f"{self.weekdays[day.weekday()]} {day.day} de {self.months[day.month - 1]}"

    def when(self, moment: Moment) -> str:
        near = _NEAR.get(days_from(moment)) or f"el {self.day(moment.at.date())}"
        return f"{near} a {_time(moment.at)}"

    def until(self, moment: Moment) -> str:
        away = days_from(moment)
        if away == 0:
            return f"hasta {_time(moment.at)}"
        return f"hasta {_NEAR.get(away) or f'el {self.day(moment.at.date())}'} a {_time(moment.at)}"


def _time(at: time | datetime) -> str:
    hour, minute = hour_and_minute(at)
    spoken = f"{'la' if hour == 1 else 'las'} {_HOURS[hour]}"
    if minute:
        return f"{spoken} y {minute}"
    return spoken if hour else f"{spoken} horas"
