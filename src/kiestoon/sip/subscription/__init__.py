"""Subscriptions (RFC 6665): the notifier's engine, and the bodies of the event packages phones ask for."""

from kiestoon.sip.subscription.notifier import Subscription, Subscriptions
from kiestoon.sip.subscription.state import SubscriptionData

__all__ = ["Subscription", "SubscriptionData", "Subscriptions"]
