"""Reading and checking ``audit.json`` against the JSON Schema that ships with the package."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from assaymark.errors import MissingFileError, ReleaseError
from assaymark.forms import Form

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA_FILE = "audit.schema.json"
_SIZE_LIMIT = 256 * 2**20


@cache
def audit_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the audit document."""
    schema: dict[str, Any] = json.loads(files("assaymark.results").joinpath(SCHEMA_FILE).read_bytes())
    return schema


@cache
def _form() -> Form:
    return Form(audit_schema())


def validate_audit(document: Mapping[str, Any]) -> None:
    """Check a parsed audit document.

    Raises:
        ReleaseError: When it does not follow the schema; names the first place that does not.
    """
    fault = _form().fault(document)
    if fault is not None:
        raise ReleaseError(
            "the audit document does not follow its schema",
            where="audit.json at " + fault.place,
            found=fault.rule[:300],
            expected="assaymark-audit/1",
            remedy="Ask for the release again, or use the version of Assaymark that made it.",
        )


def load_audit(path: Path) -> dict[str, Any]:
    """Read and check an ``audit.json``.

    Raises:
        MissingFileError: When it cannot be read.
        ReleaseError: When it is no JSON, too large, or does not follow the schema.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise MissingFileError(
            "the audit cannot be read", where=str(path), found=error.strerror, remedy="Name an audit.json of a release."
        ) from error
    try:
        if len(content) > _SIZE_LIMIT:
            raise ValueError(f"more than {_SIZE_LIMIT} bytes")  # noqa: TRY301 - one message for all
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ReleaseError("the file is no audit document", where=str(path), found=str(error)[:200]) from error
    validate_audit(document)
    found: dict[str, Any] = document
    return found
