"""Who is at the door: registration, authentication, bans and rate limits."""
