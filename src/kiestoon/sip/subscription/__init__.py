"""Subscriptions (RFC 6665): the notifier's engine, and the bodies of the event packages phones ask for."""

from kiestoon.sip.subscription.notifier import Subscription, Subscriptions

__all__ = ["Subscription", "Subscriptions"]
