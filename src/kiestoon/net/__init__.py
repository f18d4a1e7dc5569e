"""Sockets and timers that drive the SIP engine."""
