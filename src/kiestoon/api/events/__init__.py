"""``/api/v1/events`` and webhooks: telling browsers and programs what happens."""

from kiestoon.api.events.routes import install, router

ROUTERS = (router,)

__all__ = ["ROUTERS", "install"]
