"""Compute again what a release says: synthetic counts from its table, fairness from its cubes, gates from its policy."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.checks import recomputable
from assaymark.checks.reference import compare
from assaymark.cubes.document import read_cubes
from assaymark.cubes.fine import count_cube
from assaymark.cubes.model_document import contradictions
from assaymark.cubes.pooling import observed
from assaymark.errors import ReleaseError
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.pipeline.document import policy_summary, published_tables
from assaymark.pipeline.recounting import class_count_problems, class_table_problems
from assaymark.pipeline.releasing import AUDIT_FILE, CUBES_FILE, POLICY_FILE
from assaymark.policy.draws import check_draws
from assaymark.policy.gates import DECIDING, gate_counts, judge, verdict
from assaymark.policy.loading import parse_policy
from assaymark.provenance.strict_json import loads_strict
from assaymark.results.document import validate_audit
from assaymark.results.findings import Finding, Gate, Outcome, Verdict
from assaymark.tables.loading import TableOptions, load_like
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from assaymark.cubes.published import PublishedCubes
    from assaymark.policy.model import Policy

RECOMPUTED_IDS = recomputable.IDS
_EXACT = 1e-9  # relative; libraries of mathematical functions differ in the last places between machines
_MONTE_CARLO = 0.15  # of an interval's width: far beyond the error of 10,000 draws, far below any change that matters
_MONTE_CARLO_DETAIL = 0.02  # of shares and p-values from draws, at the least
_SIZE_LIMIT = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Recomputation:
    """What computing again came to.

    Attributes:
        problems: (file, message) for each disagreement.
        verdict: The verdict, from the recomputed gates.
        recomputed: Id of every finding that was computed again.
        signed_only: Id of every finding that cannot be computed from what ships.
    """

    problems: tuple[tuple[str, str], ...]
    verdict: Verdict
    recomputed: tuple[str, ...]
    signed_only: tuple[str, ...]


def recompute(folder: Path) -> Recomputation:
    """Compute a release again; its signatures and digests have been checked before.

    Raises:
        ReleaseError: When a document does not have its form, or they do not fit together.
    """
    try:
        return _recompute(folder)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        # whoever wrote these documents may be a stranger: of their forms not every combination makes sense
        raise ReleaseError(
            "the documents of the release do not fit together",
            where=AUDIT_FILE,
            found=f"{type(error).__name__}: {error}"[:300],
            remedy="Ask for the release again, or verify it with the version of Assaymark that made it.",
        ) from error


def _recompute(folder: Path) -> Recomputation:
    audit = loads_strict((folder / AUDIT_FILE).read_bytes(), max_bytes=_SIZE_LIMIT, where=AUDIT_FILE)
    validate_audit(audit)
    cubes = read_cubes(loads_strict((folder / CUBES_FILE).read_bytes(), max_bytes=_SIZE_LIMIT, where=CUBES_FILE))
    policy = parse_policy((folder / POLICY_FILE).read_bytes(), POLICY_FILE, None)
    check_draws(cubes, policy, ReleaseError, POLICY_FILE)
    problems = [*_cube_problems(cubes, policy), *_document_problems(audit, cubes, policy), *_recount(folder, audit, cubes)]
    recorded = [_finding(entry) for entry in audit["findings"]]
    measured = [_before_the_gate(finding) for finding in recorded]
    known = [finding for finding in measured if finding.id in RECOMPUTED_IDS]
    other = [finding for finding in measured if finding.id not in RECOMPUTED_IDS]
    again = _fairness(cubes, policy, int(audit["method"]["seed"]), audit["task"]["references"])
    exact = audit["method"]["numpy"] == np.__version__
    problems += _compare_findings(known, again, exact=exact)
    fresh = {_key(finding): finding for finding in again} if exact else {}
    judged = judge([fresh.get(_key(finding), finding) for finding in measured], policy)
    problems += _gate_problems(recorded, judged)
    problems += _verdict_problems(audit, judged)
    compare(cubes, again)
    return Recomputation(tuple(problems), verdict(judged), tuple(f.id for f in known), tuple(f.id for f in other))


def _cube_problems(cubes: PublishedCubes, policy: Policy) -> Iterator[tuple[str, str]]:
    """A release must not show small cells, whoever made it."""
    within = [scope for strata in cubes.strata for scope in (strata.total, *strata.inner)]
    for scope in (*cubes.scopes, *within):
        for name in ("real", "holdout"):
            table = getattr(scope, name)
            if table is None:
                continue
            shown = table.counts if table.pooled is None else table.cells
            if shown.size and shown.min() < policy.small_cell:
                yield (
                    CUBES_FILE,
                    f"the {name} table of {', '.join(scope.protected)} shows a cell under {policy.small_cell} rows",
                )
        if scope.models is not None:
            about = ", ".join(scope.protected)
            tables = [*scope.models.labels.values(), *scope.models.pairs.values()]
            if any(table.size and table.min() < policy.small_cell for table in tables):
                yield CUBES_FILE, f"a table of classifiers of {about} shows a cell under {policy.small_cell} rows"
            wrong = contradictions(scope.models, scope.holdout)
            yield from ((CUBES_FILE, f"of the tables of {about}, {told}") for told in wrong)
    yield from ((CUBES_FILE, message) for message in class_table_problems(cubes, policy))


def _document_problems(audit: Mapping[str, Any], cubes: PublishedCubes, policy: Policy) -> Iterator[tuple[str, str]]:
    if audit["policy"] != policy_summary(policy):
        yield AUDIT_FILE, "what it says of the policy is not what policy.toml says"
    if audit["tables"] != published_tables(cubes):
        yield AUDIT_FILE, "its tables are not those of cubes.json"
    task = audit["task"]
    if (task["target"], task["positive"]) != (cubes.target, cubes.positive):
        yield CUBES_FILE, "its target or positive outcome is not that of audit.json"
    if set(task["strata"]) != {*(strata.column for strata in cubes.strata), *cubes.strata_withheld}:
        yield CUBES_FILE, "its strata are not those of audit.json"
    if {k: v for k, v in task["target_missing"].items() if v is not None} != dict(cubes.target_missing):
        yield AUDIT_FILE, "its count of rows without a target is not that of cubes.json"


def _recount(folder: Path, audit: Mapping[str, Any], cubes: PublishedCubes) -> Iterator[tuple[str, str]]:
    """Count the synthetic table again, and hold it against the cubes."""
    data = audit["datasets"]["synthetic"]
    options = TableOptions(nulls=tuple(data["nulls"]))
    schema = release_schema(audit)
    rename = {old: new for old, new in data["rename"].items() if new in schema}
    loaded = load_like(folder / data["file"], schema, options, rename=rename, name="synthetic")
    if loaded.rows != data["rows"]:
        yield AUDIT_FILE, f"it says {data['rows']} synthetic rows; {data['file']} has {loaded.rows}"
    protected = audit["task"]["protected"]
    fine = count_cube(loaded.table, protected)
    if fine.missing != cubes.target_missing.get("synthetic"):
        yield CUBES_FILE, "its count of synthetic rows without a target is not that of the table"
    counted = [(fine, cubes.scopes)]
    counted += [
        (count_cube(loaded.table, [*protected, strata.column]), (strata.total, *strata.inner)) for strata in cubes.strata
    ]
    for cube, scopes in counted:
        tables = observed(cube, [scope.protected for scope in scopes])
        for scope in scopes:
            recorded, table = scope.synthetic, tables[scope.protected]
            if recorded.groups != table.groups or not np.array_equal(recorded.counts, table.counts):
                yield CUBES_FILE, f"its synthetic counts of {', '.join(scope.protected)} are not those of {data['file']}"
    if any(scope.classes is not None for scope in cubes.scopes):
        yield from ((CUBES_FILE, message) for message in class_count_problems(loaded.table, cubes))


def release_schema(audit: Mapping[str, Any]) -> Schema:
    """Return the schema of the columns that the published counts are of, as an audit document records it."""
    task, bins = audit["task"], audit["task"]["bins"]
    kinds = {entry["name"]: entry for entry in audit["datasets"]["synthetic"]["schema"]}
    columns = []
    roles = dict.fromkeys(task["strata"], Role.STRATA) | dict.fromkeys(task["protected"], Role.PROTECTED)
    for name, role in {task["target"]: Role.TARGET, **roles}.items():
        entry = kinds[name]
        columns.append(
            Column(name, Kind(entry["kind"]), frozenset({role}), tuple(bins.get(name, ())), entry["decimals"], entry["layout"])
        )
    above = task["positive_above"]
    positive = Positive(literal=task["positive"]) if above is None else Positive(above=float(above))
    return Schema(tuple(columns), positive)


def _fairness(cubes: PublishedCubes, policy: Policy, seed: int, references: Mapping[str, str]) -> list[Finding]:
    nothing: Any = None  # these checks look at cubes, policy, run and references alone
    data = CheckInput(nothing, None, nothing, Schema(()), cubes, policy, Run(seed), references=references)
    return list(recomputable.check(data))


def _finding(entry: Mapping[str, Any]) -> Finding:
    return Finding(
        id=entry["id"],
        scope=entry["scope"],
        outcome=Outcome(entry["outcome"]),
        real=entry["real"],
        synthetic=entry["synthetic"],
        value=entry["value"],
        ci=None if entry["ci"] is None else (entry["ci"][0], entry["ci"][1]),
        null=entry["null"],
        margin=entry["margin"],
        reason=entry["reason"],
        gate=Gate(entry["gate"]),
        n=entry["n"],
        controls=tuple(entry["controls"]),
        detail=entry["detail"],
        p=entry["p"],
        p_adjusted=entry["p_adjusted"],
    )


def _before_the_gate(finding: Finding) -> Finding:
    return replace(finding, detail={key: value for key, value in finding.detail.items() if key != DECIDING})


def _key(finding: Finding) -> tuple[str, str]:
    return finding.id, repr(sorted(finding.scope.items()))


def _compare_findings(recorded: list[Finding], again: list[Finding], *, exact: bool) -> Iterator[tuple[str, str]]:
    by_key = {_key(finding): finding for finding in again}
    if len(by_key) != len(recorded) or {_key(finding) for finding in recorded} != set(by_key):
        yield AUDIT_FILE, f"it has {len(recorded)} fairness findings; the cubes give {len(by_key)}, or others"
        return
    for finding in recorded:
        other = by_key[_key(finding)]
        for name, told, found in _differences(finding, other, exact=exact):
            yield AUDIT_FILE, f"{finding.id} {_where(finding)}: {name} is {told}; the cubes give {found}"


def _where(finding: Finding) -> str:
    scope = finding.scope
    return ", ".join([*scope.get("protected", []), *(scope[key] for key in ("group", "learner", "trained_on") if key in scope)])


def _differences(finding: Finding, other: Finding, *, exact: bool) -> Iterator[tuple[str, Any, Any]]:
    for name in ("real", "synthetic", "value"):
        told, found = getattr(finding, name), getattr(other, name)
        if not _close(told, found, 0.0):
            yield name, told, found
    width = 0.0 if exact else _MONTE_CARLO * _width(other)
    for end in (0, 1):
        told, found = (None if f.ci is None else f.ci[end] for f in (finding, other))
        if not _close(told, found, width):
            yield "ci", told, found
    for name in ("null", "margin"):
        told, found = getattr(finding, name), getattr(other, name)
        if not _close(told, found, width):
            yield name, told, found
    if finding.reason != other.reason or dict(finding.n) != dict(other.n):
        yield "reason or n", finding.reason, other.reason
    slack = 0.0 if exact else max(width, _MONTE_CARLO_DETAIL)
    if not _alike(finding.detail, json.loads(json.dumps(dict(other.detail))), slack):
        yield "detail", dict(finding.detail), dict(other.detail)
    if exact and finding.outcome is not other.outcome:
        yield "outcome", finding.outcome.value, other.outcome.value


def _alike(told: Any, found: Any, slack: float) -> bool:
    """Return whether two parsed details say the same, numbers within ``slack``."""
    if isinstance(told, dict) and isinstance(found, dict):
        return told.keys() == found.keys() and all(_alike(told[key], found[key], slack) for key in told)
    if isinstance(told, list) and isinstance(found, list):
        return len(told) == len(found) and all(_alike(a, b, slack) for a, b in zip(told, found, strict=True))
    if isinstance(told, (int, float)) and isinstance(found, (int, float)) and not isinstance(told, bool):
        return _close(told, found, slack)
    return type(told) is type(found) and told == found


def _width(finding: Finding) -> float:
    if finding.ci is None or finding.ci[0] is None or finding.ci[1] is None:
        return 0.0
    return finding.ci[1] - finding.ci[0]


def _close(told: float | None, found: float | None, slack: float) -> bool:
    if told is None or found is None:
        return told is found
    return math.isclose(told, found, rel_tol=_EXACT, abs_tol=max(slack, 1e-12))


def _gate_problems(recorded: list[Finding], judged: tuple[Finding, ...]) -> Iterator[tuple[str, str]]:
    for told, found in zip(recorded, judged, strict=True):
        if told.gate is not found.gate:
            yield AUDIT_FILE, f"{told.id} has gate {told.gate.value}, but the policy makes it {found.gate.value}"
        elif told.detail.get(DECIDING) != found.detail.get(DECIDING):
            yield AUDIT_FILE, f"{told.id} says that other rows would decide it than its interval gives"
        elif not _close(told.p, found.p, 0.0) or not _close(told.p_adjusted, found.p_adjusted, 0.0):
            yield AUDIT_FILE, f"{told.id} has p-values that its numbers do not give"


def _verdict_problems(audit: Mapping[str, Any], judged: tuple[Finding, ...]) -> Iterator[tuple[str, str]]:
    if audit["verdict"] != verdict(judged).value:
        yield AUDIT_FILE, f"its verdict is {audit['verdict']}; its findings and policy give {verdict(judged).value}"
    if audit["summary"]["gates"] != gate_counts(judged):
        yield AUDIT_FILE, "its count of gates is not that of its findings"
