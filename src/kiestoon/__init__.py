"""Kiestoon: a business telephone exchange for many companies on one installation."""

__version__ = "0.1.0"
