"""A schema as JSON, and back."""

from __future__ import annotations

from typing import Any

from assaymark.tables.schema import Column, Kind, Positive, Role, Schema


def schema_document(schema: Schema) -> dict[str, Any]:
    """Return a schema, JSON-ready."""
    positive = schema.positive
    return {
        "columns": [
            {
                "name": column.name,
                "kind": column.kind.value,
                "roles": sorted(role.value for role in column.roles),
                "bins": list(column.bins),
                "decimals": column.decimals,
                "layout": column.layout,
                "order": list(column.order),
            }
            for column in schema
        ],
        "positive": None if positive is None else {"literal": positive.literal, "above": positive.above},
    }


def read_schema(document: Any) -> Schema:
    """Return the schema of a document.

    Raises:
        KeyError: When something is missing.
        TypeError: When something is of another type.
        ValueError: When a kind or role does not exist.
    """
    columns = tuple(
        Column(
            str(entry["name"]),
            Kind(entry["kind"]),
            frozenset(Role(role) for role in entry["roles"]),
            tuple(float(edge) for edge in entry["bins"]),
            None if entry["decimals"] is None else int(entry["decimals"]),
            None if entry["layout"] is None else str(entry["layout"]),
            tuple(str(label) for label in entry.get("order", ())),  # models of earlier versions have none
        )
        for entry in document["columns"]
    )
    positive = document["positive"]
    return Schema(columns, None if positive is None else Positive(positive["literal"], positive["above"]))
