"""The SIP protocol as pure state machines: messages, transactions, dialogs, digest, subscriptions."""
