"""A calendar month in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime

from streams.config.fields import instant_us
from streams.replay.span import Span

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one year."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Return the month that is written 2026-10. Raises ValueError."""
        year, dash, number = text.partition("-")
        digits = year + number
        right = dash and len(year) == 4 and len(number) == 2 and digits.isdecimal()  # noqa: PLR2004  # as it is written
        if not right or not digits.isascii() or not 1 <= int(number) <= MONTHS or int(year) < 1970:  # noqa: PLR2004  # the Unix epoch
            raise ValueError(f"expected a month like 2026-10, got {text!r}")
        return cls(int(year), int(number))

    @property
    def span(self) -> Span:
        """From its begin until its end, one window as long as it is."""
        begin_us, end_us = self._begin_us(0), self._begin_us(1)
        return Span(begin_us, end_us, end_us - begin_us)

    def _begin_us(self, later: int) -> int:
        years, number = divmod(self.year * MONTHS + self.number - 1 + later, MONTHS)
        return instant_us(datetime(years, number + 1, 1, tzinfo=UTC))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
