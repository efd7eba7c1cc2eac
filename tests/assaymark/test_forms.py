"""Forms of documents: the same documents pass and fail as with an independent validator of JSON Schema."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from assaymark.forms import DIGEST, Form, closed
from assaymark.results.document import audit_schema

SCHEMA = closed(
    {
        "digest": DIGEST,
        "count": {"type": "integer", "minimum": 1},
        "kind": {"enum": ["a", "b"]},
        "previous": {"anyOf": [{"type": "null"}, closed({"digest": DIGEST})]},
        "names": {"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2},
    },
    ["digest", "count"],
)
GOOD = {"digest": "0" * 64, "count": 3, "kind": "a", "previous": None, "names": ["abc"]}
CHANGES = [
    {},
    {"previous": {"digest": "f" * 64}},
    {"count": 1.0},
    {"count": 10**200},
    {"digest": "0" * 64 + "\n"},
    {"digest": "0" * 63 + "G"},
    {"digest": None},
    {"count": 0},
    {"count": True},
    {"count": 1.5},
    {"kind": []},
    {"previous": {}},
    {"previous": {"digest": "f" * 64, "more": 1}},
    {"names": ["abcd"]},
    {"names": ["a", "b", "c"]},
    {"{count}": 1},
    {"\ud800": 1},
]


@pytest.mark.parametrize("change", CHANGES)
def test_documents_pass_as_with_another_validator(change):
    document = GOOD | change
    expected = Draft202012Validator(SCHEMA).is_valid(document)
    assert (Form(SCHEMA).fault(document) is None) is expected
    assert Form(SCHEMA).fault([document]) is not None


def test_a_fault_names_its_place_and_rule():
    fault = Form(SCHEMA).fault(GOOD | {"names": ["ab", "abcd"]})
    assert fault is not None
    assert fault.place == "$.names[1]"
    assert fault.rule.startswith("$.names[1] must be shorter")


def test_a_document_is_left_as_it_is_when_the_schema_has_defaults():
    document: dict[str, int] = {}
    assert Form({"type": "object", "properties": {"a": {"default": 1}}}).fault(document) is None
    assert document == {}


def test_the_schema_of_the_audit_has_no_rule_that_one_of_both_validators_would_ignore():
    known = {
        "$schema",
        "$id",
        "title",
        "description",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
    }
    known |= {"const", "pattern", "anyOf", "if", "then", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    known |= {"minItems", "maxItems", "$defs", "$ref", "allOf", "not", "else", "minLength", "maxLength", "minProperties"}

    def rules(schema):
        if isinstance(schema, dict):
            yield from schema
            for key, entry in schema.items():
                named = key in {"properties", "$defs"}
                for inner in entry.values() if named else [] if key in {"const", "enum"} else [entry]:
                    yield from rules(inner)
        elif isinstance(schema, list):
            for entry in schema:
                yield from rules(entry)

    assert set(rules(audit_schema())) <= known
