"""The queries of this product, one file each in `queries/`; parameters are bound by the engine."""

from functools import cache
from importlib import resources

from clickhouse.session import Params, Session


@cache
def query_text(name: str) -> str:
    """Return the text of a query file. Blocks on first use of each."""
    folder = resources.files("clickhouse").joinpath("queries")
    return folder.joinpath(f"{name}.sql").read_text(encoding="utf-8")


def ask(session: Session, name: str, params: Params | None = None) -> list[dict[str, object]]:
    """Return the rows of a query file, by column name."""
    return session.rows(query_text(name), params)


def run(session: Session, name: str, params: Params | None = None) -> None:
    """Run a query file that returns nothing."""
    session.command(query_text(name), params)
