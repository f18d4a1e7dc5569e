"""Where a party is now: a phone that registered again over a new connection is reached by that one (RFC 5626 §5.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls.leg import Owner

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.registrar import Binding
    from kiestoon.sip.flow import Destination
    from kiestoon.sip.session import Session


def way_to_party(x: Exchange, session: Session) -> Destination | None:
    """The newest way to the device a session is with; None where its registrations do not tell."""
    owner = session.context
    if not isinstance(owner, Owner) or not owner.device:
        return None
    binding = _binding_of(session, x.registrar.bindings_of(owner.device))
    return binding.destination if binding is not None else None


def _binding_of(session: Session, bindings: tuple[Binding, ...]) -> Binding | None:
    """Of several phones with one login: the one with the session's contact, else the only one at its address."""
    dialog, flow = session.dialog, session.flow
    contact = dialog.remote_target if dialog is not None else ""
    for binding in bindings:
        if binding.contact == contact:
            return binding
    near = [
        binding
        for binding in bindings
        if flow is not None and binding.flow is not None and binding.flow.remote_host == flow.remote_host
    ]
    return near[0] if len(near) == 1 else bindings[0] if len(bindings) == 1 else None
