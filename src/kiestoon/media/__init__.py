"""The media server: a process of its own."""
