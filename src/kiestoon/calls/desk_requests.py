"""What hot desks ask the back office for (see ``calls.requests``): logging in and out on phones, another PIN."""

from __future__ import annotations

from kiestoon.calls.requests import OwnRequest


class LogIn(OwnRequest, frozen=True):
    """Log the person in on a phone, in place of whoever is there. ``leave_others``: and out where that makes too many.
    ``place``: the address the phone is at, known from now on (``calls.addresses.place_of``).

    Besides what every request fails with: "bound" (the phone is somebody's for good), "elsewhere" (he is on as many
    phones already as he may be).
    """

    device_id: int
    leave_others: bool = False
    place: str = ""


class LogOut(OwnRequest, frozen=True):
    """Log the person out on a phone, ``everywhere``: on all others he has logged in on, too. "bound": cannot be."""

    device_id: int
    everywhere: bool = False


class ChoosePin(OwnRequest, frozen=True):
    """Put a PIN in force that the person has chosen, the present one having been checked. Fails with the first rule it
    breaks as code (``company.passwords.pin_weaknesses``), or "recently_used"."""

    pin: str

    def __repr__(self) -> str:
        return f"ChoosePin(company_id={self.company_id}, user_id={self.user_id})"
