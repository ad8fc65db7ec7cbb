"""What pydantic found wrong, in the words of this project: expected, got, what to do."""

import re
from collections.abc import Iterator
from datetime import date
from reprlib import Repr
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from streams.config.faults import OF_A_KEY, Fault
from streams.config.spelling import instead

SUBJECT: Final = re.compile(r"^\w+( input)? should (be )?(?P<verb>match|have)?")
SHAPES: Final = {"currency": "USD", "hours": '"16:30-00:30"', "name": "h100"}
EXPECTED: Final = {
    "model_type": "fields with values",
    "dict_type": "fields with values",
    "tuple_type": "a list",
}
DO: Final = {
    "model_type": "write each as `field: value`",
    "dict_type": "write each as `field: value`",
    "tuple_type": "put it in brackets, e.g. [gpu-*, dgx-*]",
    "decimal_parsing": 'write it as a decimal in quotes, e.g. "2.50"',
    "decimal_type": 'write it as a decimal in quotes, e.g. "2.50"',
    "string_type": "put it in quotes",
    "datetime_parsing": "write it like 2026-01-31T00:00:00Z",
    "datetime_from_date_parsing": "write it like 2026-01-31T00:00:00Z",
    "datetime_type": "write it like 2026-01-31T00:00:00Z",
    "timezone_aware": "end it with Z, or with an offset such as +01:00",
}
SHORT: Final = Repr()
SHORT.maxlevel, SHORT.maxdict, SHORT.maxlist = 2, 4, 4
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 80


def fault_of(error: ErrorDetails, model: type[BaseModel]) -> Fault:
    """Return a fault of a document of this model."""
    loc = (*error["loc"], OF_A_KEY) if error["type"] == "extra_forbidden" else error["loc"]
    return Fault(loc, "; ".join(sentence(error, model)))


def sentence(error: ErrorDetails, model: type[BaseModel]) -> Iterator[str]:
    """Yield what was expected and what came, then what to do."""
    match error["type"]:
        case "missing":
            yield "expected a value, got none"
            yield f"add {error['loc'][-1]}"
        case "extra_forbidden":
            yield f"expected a known field, got {shown(error['loc'][-1])}"
            yield _field(str(error["loc"][-1]), fields_at(model, error["loc"][:-1]))
        case "value_error":
            yield error["msg"].removeprefix("Value error, ")
        case kind:
            expected = EXPECTED.get(kind) or SUBJECT.sub(_subject, error["msg"])
            yield f"expected {expected}, got {shown(error['input'])}"
            if kind in DO:
                yield DO[kind]
            elif kind == "string_pattern_mismatch" and error["loc"][-1] in SHAPES:
                yield f"write it like {SHAPES[str(error['loc'][-1])]}"


def _subject(found: re.Match[str]) -> str:
    return f"it to {found['verb']}" if found["verb"] else ""


def _field(wrong: str, known: list[str]) -> str:
    return f"remove it, or {instead(wrong, known)}" if known else "remove it"


def shown(value: object) -> str:
    """Return what came as a document would write it, cut where it is long."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return value.isoformat() if isinstance(value, date) else SHORT.repr(value)


def fields_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the fields that a place of a document may have."""
    for part in loc:
        if isinstance(part, str):
            info = model.model_fields.get(part)
            inner = next(models_in(info.annotation), None) if info else None
            if inner is None:
                return []
            model = inner
    return [info.alias or name for name, info in model.model_fields.items()]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  # any annotation
    """Yield the models that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
