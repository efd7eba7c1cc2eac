"""The classifiers of an audit in a few tables: measures side by side, and of hundreds of rates those that moved most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark_reports import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Finding = Mapping[str, Any]

_BY_GROUP = ("utility.group_metric", "utility.group_auc")
_MOST = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """One comparison: the number, its change, the interval or why there is none, and what it comes to."""

    number: str
    change: str
    interval: str
    outcome: str
    gate: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One measure of one learner: trained on real, on synthetic and on both rows."""

    measure: str
    about: str
    real: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class LearnerTable:
    """The measures of one learner."""

    title: str
    rows: tuple[ModelRow, ...]


@dataclass(frozen=True, slots=True)
class Models:
    """All that the report says of classifiers.

    Attributes:
        tables: One table a learner.
        largest: Findings about single groups that moved furthest beyond their margins.
        summary: How many findings about single groups there are, and how many moved beyond their margins.
    """

    tables: tuple[LearnerTable, ...]
    largest: tuple[Finding, ...]
    summary: str


def is_model(finding: Finding) -> bool:
    """Return whether a finding is about a classifier of one learner, so that it belongs in these tables."""
    return finding["id"].startswith("utility.") and "learner" in finding["scope"]


def models(findings: Sequence[Finding]) -> Models | None:
    """Return the tables of classifiers; None without any."""
    told = [finding for finding in findings if is_model(finding)]
    if not told:
        return None
    learners = dict.fromkeys(finding["scope"]["learner"] for finding in told)
    groups = [finding for finding in told if finding["id"] in _BY_GROUP]
    beyond = [finding for finding in groups if finding["outcome"] == "exceeded"]
    return Models(
        tuple(LearnerTable(wording.learner(learner), _rows(told, learner)) for learner in learners),
        tuple(sorted(beyond, key=_excess)[:_MOST]),
        _summary(groups, beyond),
    )


def _rows(told: Sequence[Finding], learner: str) -> tuple[ModelRow, ...]:
    rows: dict[tuple[str, tuple[str, ...]], dict[str, Finding]] = {}
    for finding in told:
        if finding["scope"]["learner"] == learner and finding["id"] not in _BY_GROUP:
            key = finding["id"], tuple(finding["scope"].get("protected", ()))
            rows.setdefault(key, {})[finding["scope"]["trained_on"]] = finding
    return tuple(_row(key, found) for key, found in rows.items())


def _row(key: tuple[str, tuple[str, ...]], found: Mapping[str, Finding]) -> ModelRow:
    identifier, protected = key
    first = next(iter(found.values()))
    cells = tuple(_cell(found[name]) if name in found else Cell("–", "", "", "", "ungated") for name in ("synthetic", "both"))
    return ModelRow(wording.name(identifier), " and ".join(protected), wording.number(first["real"]), cells)


def _cell(finding: Finding) -> Cell:
    outcome = wording.OUTCOMES.get(finding["outcome"], str(finding["outcome"]))
    if finding["value"] is None:
        return Cell("–", "–", wording.reason(finding["reason"]), outcome, finding["gate"])
    change, interval = wording.signed(finding["value"]), wording.interval(finding["ci"])
    return Cell(wording.number(finding["synthetic"]), change, interval, outcome, finding["gate"])


def _excess(finding: Finding) -> tuple[float, str]:
    """Return a key that sorts by how far the near end of the interval lies beyond the margin."""
    near = min((abs(end) for end in finding["ci"] if end is not None), default=0.0)
    return -(near - (finding["margin"] or 0.0)), str(finding["scope"])


def _summary(groups: Sequence[Finding], beyond: Sequence[Finding]) -> str:
    names = " and ".join(f"“{wording.name(identifier)}”" for identifier in dict.fromkeys(f["id"] for f in groups))
    if not groups:
        return "There is no finding about single groups."
    silent = sum(finding["value"] is None for finding in groups)
    missing = f", {silent} cannot be estimated" if silent else ""
    counted = f"{len(groups)} findings about single groups, {len(beyond)} beyond their margins{missing}"
    return f"{names}: {counted}. All stand in audit.json."
