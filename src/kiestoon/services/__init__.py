"""What a caller meets: one folder each."""
