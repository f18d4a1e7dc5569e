"""The demonstration: a made-up municipality with its phones, and an outside world to call."""
