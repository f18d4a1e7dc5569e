"""Where a call goes, and why. Pure functions."""
