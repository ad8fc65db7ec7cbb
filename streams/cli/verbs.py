"""Every verb of `apportion`, where it is, and what the overview says of it.

Only the verb that is called is imported: the overview stays fast, and `sql` never loads Faust.
"""

from dataclasses import dataclass
from importlib import import_module

import typer

from streams.cli.programs import PROGRAMS, Program


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb. `target` is module:attribute, a function that typer can read or a whole app."""

    name: str
    target: str
    help: str

    def load(self) -> typer.Typer:
        """Import the verb."""
        module, _, attribute = self.target.partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            return found
        app = new_app()
        app.command()(found)
        return app


def new_app(help_text: str | None = None) -> typer.Typer:
    """Return an app whose tracebacks are plain: the pretty ones print local values."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=help_text is not None,
        add_completion=False,
        pretty_exceptions_enable=False,
        pretty_exceptions_show_locals=False,
    )


VERBS = {
    verb.name: verb
    for verb in (
        Verb("demo", "streams.demo.command:main", "Watch made-up traffic become cost per tenant."),
        Verb("up", "streams.cli.up:up", "Run broker, processors and store on this machine."),
        Verb(
            "run",
            "streams.cli.run:run",
            "Run one processor, e.g. meter, allocate or store.",
        ),
        Verb("sql", "streams.cli.sql:sql", "Ask ClickHouse, embedded or a server. Read-only."),
        Verb("tail", "streams.cli.tail:tail", "Print a topic's messages as JSON lines."),
        Verb("audit", "streams.cli.audit:audit", "Prove that every cent is accounted for, once."),
        Verb("explain", "streams.cli.explain:explain", "See how a tenant's lines came to be."),
        Verb("repair", "streams.cli.repair:repair", "Count what came late, in a new generation."),
        Verb("replay", "streams.cli.replay:replay", "See what other prices would change, publish."),
        Verb("charges", "streams.cli.charges:charges", "Settle a month of graduated prices."),
        Verb("margins", "streams.cli.margins:show", "See who is charged more than it costs."),
        Verb("tokens", "streams.cli.tokens:tokens", "See what a thousand tokens truly cost whom."),
        Verb("jobs", "streams.cli.jobs:jobs", "See what every batch or training job cost."),
        Verb("forecast", "streams.cli.forecast:forecast", "See what a month will have cost."),
        Verb(
            "rightsize", "streams.cli.rightsize:rightsize", "See which GPUs are too many, too few."
        ),
        Verb("budgets", "streams.cli.budgets:budgets", "See how every budget stands."),
        Verb("share", "streams.cli.share:share", "Hand on costs that tenants have in common."),
        Verb("prices", "streams.cli.prices:prices", "Look into price books, publish them."),
        Verb("catalog", "streams.cli.catalog:catalog", "Check and publish a catalog."),
        Verb("notify", "streams.cli.notify:notify", "Try who is told of alerts, and tell again."),
        Verb("topics", "streams.cli.topics:app", "Create and list the topics."),
        Verb("migrate", "streams.cli.migrate:migrate", "Bring ClickHouse's tables up to date."),
        Verb("schemas", "streams.cli.schemas:app", "Check the contract, or put it in a registry."),
    )
}


def overview() -> typer.Typer:
    """Return the app that lists the verbs and refuses unknown ones."""
    app = new_app(
        "Streaming cost attribution for shared AI platforms: every cent accounted for, once."
    )
    every: list[Verb | Program] = [*VERBS.values(), *PROGRAMS.values()]
    for verb in every:
        app.command(verb.name, help=verb.help)(_never_called)
    return app


def _never_called() -> None:
    raise AssertionError("expected the verb itself to be loaded")
