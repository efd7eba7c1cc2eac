"""Policy files: read, checked and hashed before any data is looked at."""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assaymark.errors import MissingFileError, PolicyError
from assaymark.policy.model import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

POLICY_SCHEMA = "assaymark-policy/1"
_SIZE_LIMIT = 256 * 1024
_SHOWN = 5


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Estimability(_Section):
    min_group_size: int = Field(default=100, ge=10, le=10**9)
    min_positives: int = Field(default=30, ge=10, le=10**9)
    small_cell: int = Field(default=10, ge=10, le=10**6)


class _Intervals(_Section):
    level: float = Field(default=0.95, ge=0.5, lt=1.0)
    draws: int = Field(default=10_000, ge=1_000, le=1_000_000)


class _Models(_Section):
    learner_seeds: int = Field(default=3, ge=1, le=20)
    real_refits: int = Field(default=5, ge=0, le=20)


class _Attacks(_Section):
    attacks: int = Field(default=5_000, ge=100, le=1_000_000)


class _Gates(_Section):
    fail_on: list[Literal["amplified", "reversed", "introduced", "attenuated", "lost", "exceeded"]]
    findings: list[str] = Field(max_length=1000)


class _File(_Section):
    format: Literal["assaymark-policy/1"] = Field(alias="schema")
    name: str = Field(min_length=1, max_length=100)
    estimability: _Estimability = Field(default_factory=_Estimability)
    intervals: _Intervals = Field(default_factory=_Intervals)
    models: _Models = Field(default_factory=_Models)
    attacks: _Attacks = Field(default_factory=_Attacks)
    margins: dict[str, float] = Field(default_factory=dict)
    gates: _Gates


def default_policy_source() -> bytes:
    """Return the bytes of the commented default policy."""
    return files("assaymark.policy").joinpath("default.toml").read_bytes()


def load_policy(path: Path | None, known: frozenset[str]) -> Policy:
    """Read a policy file, or the default one.

    Args:
        path: A TOML file; None for the default policy.
        known: Ids of all findings that the loaded checks can return; margins and gates may name only these.

    Raises:
        MissingFileError: When the file cannot be read.
        PolicyError: When it is no TOML, has an unknown key, a value out of range, or names an unknown finding.
    """
    if path is None:
        return parse_policy(default_policy_source(), "the default policy", known)
    try:
        with path.open("rb") as file:
            source = file.read(_SIZE_LIMIT + 1)
    except OSError as error:
        raise MissingFileError(
            "the policy file cannot be read",
            where=str(path),
            found=error.strerror or type(error).__name__,
            remedy="Check the path given to --policy.",
        ) from error
    return parse_policy(source, str(path), known)


def parse_policy(source: bytes, where: str, known: frozenset[str] | None) -> Policy:
    """Return the policy of the bytes of a file; see :func:`load_policy`. With ``known`` None any id may be named."""
    if len(source) > _SIZE_LIMIT:
        raise PolicyError("the policy file is too large", where=where, expected=f"at most {_SIZE_LIMIT} bytes")
    try:
        document: Mapping[str, Any] = tomllib.loads(source.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also numbers of too many digits, and lists in lists without end
        found = str(error)[:300]
        raise PolicyError("the policy is no valid TOML", where=where, found=found, remedy="Correct the file.") from error
    try:
        parsed = _File.model_validate(document)
    except ValidationError as error:
        raise _refused(error, where) from error
    if known is not None:
        _check_ids([*parsed.margins, *parsed.gates.findings], known, where)
    for name, margin in parsed.margins.items():
        if not 0 <= margin < float("inf"):
            raise _out_of_range(where, f'margins."{name}"', margin)
    return Policy(
        name=parsed.name,
        sha256=hashlib.sha256(source).hexdigest(),
        source=source,
        min_group_size=parsed.estimability.min_group_size,
        min_positives=parsed.estimability.min_positives,
        small_cell=parsed.estimability.small_cell,
        level=parsed.intervals.level,
        draws=parsed.intervals.draws,
        attacks=parsed.attacks.attacks,
        margins=dict(sorted(parsed.margins.items())),
        fail_on=frozenset(parsed.gates.fail_on),
        gated=frozenset(parsed.gates.findings),
        learner_seeds=parsed.models.learner_seeds,
        real_refits=parsed.models.real_refits,
    )


def _refused(error: ValidationError, where: str) -> PolicyError:
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return PolicyError(
            f"the policy has an unknown key{more}", where=where, found=key, remedy="Remove the key, or correct its spelling."
        )
    return PolicyError(
        f"the policy has a value that cannot be used{more}",
        where=where,
        found=f"{key} = {first.get('input')!r}"[:200],
        expected=first["msg"],
        remedy="Correct the value.",
    )


def _out_of_range(where: str, key: str, value: float) -> PolicyError:
    return PolicyError(
        "the policy has a value that cannot be used",
        where=where,
        found=f"{key} = {value}",
        expected="a number from 0",
        remedy="Correct the value.",
    )


def _check_ids(named: list[str], known: frozenset[str], where: str) -> None:
    for name in named:
        if name in known:
            continue
        near = difflib.get_close_matches(name, known, n=_SHOWN, cutoff=0.5)
        raise PolicyError(
            "the policy names a finding that no loaded check makes",
            where=where,
            found=name,
            expected="one of " + ", ".join(near or sorted(known)[: 4 * _SHOWN]),
            remedy="Correct the name, or install the plugin that makes this finding.",
        )
