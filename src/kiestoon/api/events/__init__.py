"""``/api/v1/events`` and webhooks: telling browsers and programs what happens."""

from kiestoon.api.events.routes import install, router
from kiestoon.api.events.webhooks import router as webhooks_router

ROUTERS = (router, webhooks_router)

__all__ = ["ROUTERS", "install"]
