"""Call control: legs, seeks, bridges, custody, operations."""
