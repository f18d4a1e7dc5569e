"""A telephone with a login: what the self-test registers two of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kiestoon.app.softphone.agent import CODECS, PhoneCall, PhoneProblem, SipAgent
from kiestoon.app.softphone.rtp import Silence, Source
from kiestoon.media.protocol import Codec
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target


class SoftPhone(SipAgent):
    """Logs in as ``username`` at ``domain``, reached at ``server``."""

    def __init__(
        self,
        username: str,
        secret: str,
        domain: str,
        server: Target,
        *,
        host: str = "127.0.0.1",
        source: Callable[[int], Source] = lambda rate: Silence(),
        codecs: Sequence[Codec] = CODECS,
    ) -> None:
        super().__init__(f"test phone {username}", host, source=source, codecs=codecs)
        self.username = username
        self.domain = domain
        self.server = server
        self._credentials = Credentials(username, secret)

    @property
    def address(self) -> str:
        """The address of record."""
        return f"<sip:{self.username}@{self.domain}>"

    async def register(self, expires_s: int = 300) -> None:
        """Log in (0: log out). Raises PhoneProblem."""
        answer = await self.ask(
            "REGISTER",
            f"sip:{self.domain}",
            address=self.address,
            destination=self.server,
            credentials=self._credentials,
            headers=(("Expires", str(expires_s)),),
            contact_user=self.username,
        )
        if answer.status != 200:
            raise PhoneProblem(f"the login of {self.username} was refused: {answer.status}")

    async def dial(self, number: str) -> PhoneCall:
        """Call a number."""
        return await self.call(
            f"sip:{number}@{self.domain}",
            from_=self.address,
            destination=self.server,
            credentials=self._credentials,
        )
