"""The JSON schema of a document, for editors and for programs that write documents.

It says less than reading does: not that entries fit each other, nor that figures are exact.
"""

import json
from typing import Final

from pydantic import BaseModel

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(document: type[BaseModel], title: str) -> str:
    """Return the schema of a kind of documents, as text that ends in a line feed."""
    schema = {"$schema": DIALECT, **document.model_json_schema(), "title": title}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
