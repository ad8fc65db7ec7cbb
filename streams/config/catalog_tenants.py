"""Tenants, tiers of service and producers, as a catalog document has them."""

from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, WrapSerializer
from pydantic_core import CoreSchema

from streams.config.catalog_dates import Lasting
from streams.config.fields import MAX_DIGITS, Name
from streams.core.tenants import FIRST

MOST_PRECEDENCE = 100  # observers of one call are few

FACTOR_LIMIT: Final = 10**6  # what is multiplied by it still fits a line
Factor: TypeAlias = Annotated[Decimal, Field(ge=0, lt=FACTOR_LIMIT, max_digits=MAX_DIGITS)]


class Tenant(Lasting):
    """Who pays. One that moves is there twice, with other dates."""

    name: Name = Field(description="Its name, as usage has it.")
    parent: str | None = Field(default=None, description="The tenant above it. Left out: none.")
    level: str | None = Field(
        default=None, description="One of `levels`; its parent, if it has one, has a higher one."
    )
    sla: str | None = Field(
        default=None, description="Its tier, one of `slas`. Left out: its nearest ancestor's."
    )


class OrName:
    """Says in a schema that a tenant may be its name alone."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return either."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(schema)]}


def with_fields(said: object) -> object:
    """Return a tenant that is a name as one that has fields."""
    if isinstance(said, str):
        return {"name": said}
    if not isinstance(said, dict | Tenant):
        raise ValueError(  # noqa: TRY004 - pydantic turns it into a fault
            f"expected a name, or fields with one, got {str(said)[:80]}; put a name in quotes"
        )
    return said


def short(tenant: Tenant, said: Any) -> object:  # noqa: ANN401 - pydantic's own serializer
    """Return a tenant that has nothing but a name as it was written before there were fields."""
    fields = said(tenant)
    return fields["name"] if fields.keys() == {"name"} else fields


NamedTenant: TypeAlias = Annotated[
    Tenant, BeforeValidator(with_fields), WrapSerializer(short), OrName()
]


class Sla(Lasting):
    """A tier of service."""

    name: Name = Field(description="Its name, as tenants have it.")
    multiplier: Factor = Field(
        description='What the charge is multiplied by, e.g. "1.20"; the cost stays as it is.'
    )


class Source(Lasting):
    """Which producers may report usage of which tenants. One such entry that fits is enough."""

    sources: tuple[Name, ...] = Field(
        min_length=1, description='Globs of names of producers, e.g. "gw-eu-*".'
    )
    tenants: tuple[Name, ...] = Field(min_length=1, description='Globs of tenants, e.g. "eu-*".')
    precedence: int = Field(
        default=FIRST,
        ge=FIRST,
        le=MOST_PRECEDENCE,
        description="Which observer of a call it is, by the id of the response; of those that tell "
        "of one call the least number counts. Of several entries that fit, the greatest.",
    )
