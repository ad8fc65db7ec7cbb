"""`apportion demo`: a day of traffic, or a recorded trace, played through the whole system."""
