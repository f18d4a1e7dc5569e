"""Configuration, wiring, command line."""
