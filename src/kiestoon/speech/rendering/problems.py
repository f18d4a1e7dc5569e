"""What can go wrong."""


class SpeechFailed(Exception):
    """A text could not be spoken; says why, for the log."""
