"""A small telephone in software: the self-test's two phones and the demo's outside world are made of it."""
