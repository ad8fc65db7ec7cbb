"""Judging the values of one series as they come. Floats only here, and never back into a sum."""
