"""Kiestoon: a business telephone exchange for many companies on one installation."""
