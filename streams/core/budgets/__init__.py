"""What may be spent in a time, by whom and on what, and how that stands. Pure."""
