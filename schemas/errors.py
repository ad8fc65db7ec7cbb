"""What can be wrong with bytes and schemas.

SchemaError
├── NotAvro          the bytes are in no framing we know, or end too early: bad input
├── UnknownSchema    a framing we know names a schema we do not: bad input
├── InvalidRecord    a record does not fit its schema: a bug of the caller
└── Incompatible     a schema cannot read the data of another: a mistake in the contract
"""


class SchemaError(Exception):
    """Root of everything this package raises."""


class NotAvro(SchemaError):
    """Bytes that cannot be decoded. `reason` is a bounded code for counting."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class UnknownSchema(NotAvro):
    """Bytes framed for a schema that is not in `schemas/avro` nor in the registry."""

    def __init__(self, schema_id: str) -> None:
        super().__init__(
            "unknown_schema",
            f"expected a schema of this release or its predecessors, got {schema_id}; "
            "upgrade this reader, or fix the producer's schema",
        )
        self.schema_id = schema_id


class InvalidRecord(SchemaError):
    """A record that its own schema cannot encode."""


class Incompatible(SchemaError):
    """Two versions of a schema of which one cannot read the other's data."""
