"""Admin commands that change a running exchange."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import structlog

from kiestoon.app.admin_socket import CommandError
from kiestoon.calls.engine import ExchangeEngine
from kiestoon.net.transports import SipTransports

log = structlog.get_logger(__name__)


class LiveOrders:
    """``clock`` is the engine's; ``touch`` has the driver send what an order led to; ``certificate`` and key are named
    when they cannot be used."""

    def __init__(
        self,
        engine: ExchangeEngine,
        transports: SipTransports,
        clock: Callable[[], float],
        touch: Callable[[], None],
        certificate: tuple[Path, Path],
    ) -> None:
        self._certificate = " and ".join(map(str, certificate))
        self._engine = engine
        self._transports = transports
        self._clock = clock
        self._touch = touch

    def hang_up(self, call: str) -> None:
        """End one call, with a record. Raises CommandError."""
        if not self._engine.hang_up(call, self._clock()):
            raise CommandError(f"no call {call} is going on")
        log.info("call hung up by hand", call=call)
        self._touch()

    def unban(self, source: str) -> None:
        """Lift a ban. Raises CommandError."""
        if not self._engine.exchange.doorkeeper.guard.unban(source):
            raise CommandError(f"{source} is not banned")
        log.info("ban lifted by hand", source=source)

    def forget_device(self, device_id: int) -> None:
        """Drop a device's registrations: it has a new password, whoever knew the old one shall not be called."""
        self._engine.forget_device(device_id, self._clock())
        self._touch()

    def reload_certificates(self) -> None:
        """Read the certificate files again; the old ones stay in use when the new ones are bad. Raises CommandError."""
        try:
            self._transports.reload_certificates()
        except ssl.SSLError as error:
            reason = error.reason.replace("_", " ").lower() if error.reason else "no PEM, or the key needs a password"
            raise self._bad_certificate(reason) from None
        except OSError as error:
            raise self._bad_certificate(error.strerror or str(error)) from None
        log.info("certificates read")

    def _bad_certificate(self, reason: str) -> CommandError:
        log.error("certificates not read", reason=reason)
        return CommandError(f"{self._certificate} cannot be used ({reason}); the certificate of before stays in use")
