"""Load and latency of the exchange, side by side with public peers."""
