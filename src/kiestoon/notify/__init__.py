"""Telling others what happens: live events, webhooks, mails. What waits is in SQL: restarts lose nothing."""
