"""Rows as aligned text: nothing is cut, and a column that nobody fills is left out. Pure."""

from collections.abc import Sequence

GAP = "  "


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> list[str]:
    """Return lines of text, a head first. `right` names the heads whose columns are numbers.

    >>> text_table(("a", "b", "c"), [("x", "", "1.50"), ("yy", "", "10.00")], right="c")
    ['a       c', 'x    1.50', 'yy  10.00']
    """
    kept = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    shown = [[row[index] for index in kept] for row in (heads, *rows)]
    widths = [max(len(row[place]) for row in shown) for place in range(len(kept))]
    numbers = {place for place, index in enumerate(kept) if heads[index] in right.split()}
    return [
        GAP.join(
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]
