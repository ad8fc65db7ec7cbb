"""Forecasts of spend: hourly sums in, what hours ahead are likely to cost out. Pure, one pass."""
