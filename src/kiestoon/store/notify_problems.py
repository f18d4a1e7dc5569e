"""What can be wrong with webhooks and mails, in words; ``problems`` takes them up."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str, str, str]]] = {
    "target_refused": (
        "events are not posted to this URL: {detail}",
        "naar deze URL worden geen gebeurtenissen gestuurd: {detail}",
        "Use https and a name on the internet; private networks must be allowed by web.private_targets",
        "Gebruik https en een naam op internet; besloten netwerken moeten met web.private_targets toegestaan zijn",
    ),
    "too_many": (
        "there are {limit} already",
        "er zijn er al {limit}",
        "Remove one first",
        "Verwijder er eerst een",
    ),
    "no_mail_server": (
        "no mail can be sent from here",
        "van hieruit kan geen mail verstuurd worden",
        "Have the operator set a mail server (mail.host)",
        "Laat de beheerder een mailserver instellen (mail.host)",
    ),
}
