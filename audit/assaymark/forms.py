"""Forms that documents from strangers must have, as JSON Schemas; held by a validator that is light to import."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DIGEST: dict[str, Any] = {"type": "string", "pattern": r"^[0-9a-f]{64}\Z"}


class Fault(NamedTuple):
    """The first thing in a document that is not of its form.

    Attributes:
        place: Where, as in ``$.files[0].name``.
        rule: What it must be, beginning with the place; may repeat keys that a stranger wrote.
    """

    place: str
    rule: str


class Form:
    """A JSON Schema, made ready at its first use.

    Args:
        schema: The schema (of 2019-09 or later); it is our own, never a stranger's.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = dict(schema)

    @cached_property
    def _validate(self) -> Callable[..., Any]:
        import fastjsonschema

        validate: Callable[..., Any] = fastjsonschema.compile(self._schema, use_default=False)
        return validate

    def fault(self, document: object) -> Fault | None:
        """Return the first fault of a parsed document; None when it has the form."""
        from fastjsonschema import JsonSchemaValueException

        try:
            self._validate(document, name_prefix="$")
        except JsonSchemaValueException as error:
            return Fault(str(error.name), str(error.message))
        return None


def closed(properties: Mapping[str, Any], required: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the schema of an object with these properties and no others; all are required unless it is said which."""
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": dict(properties), "required": names, "additionalProperties": False}
