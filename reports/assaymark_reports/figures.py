"""What stands beside a chart: its caption, what it shows in words for who cannot see it, and its numbers as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark_reports import wording
from assaymark_reports.charts import PANELS, label, wilson
from assaymark_reports.drivers import Explanation, explanations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Finding = Mapping[str, Any]

_CHANGES = ("Measure", "About", "Real", "Synthetic", "Change", "Interval", "Allowed", "Outcome")


@dataclass(frozen=True, slots=True)
class Figure:
    """Text for one chart.

    Attributes:
        caption: What it is, under the chart.
        alternative: What can be seen in it.
        head: Names of the columns of its table.
        numeric: Which of them hold numbers.
        rows: The numbers, as text.
    """

    caption: str
    alternative: str
    head: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]


def figures(audit: Mapping[str, Any]) -> dict[str, Figure]:
    """Return the text for each chart of :func:`assaymark_reports.charts.draw`, by the same names."""
    findings = audit["findings"]
    told = {
        f"rates:{table['protected'][0]}": _rates(table, audit["task"])
        for table in audit["tables"]
        if len(table["protected"]) == 1 and table["real"]
    }
    told["effects"] = _effects(findings)
    told |= {f"drivers:{part.about}": _drivers(part) for part in explanations(findings)}
    told["shares"] = _shares(findings)
    told["shapes"] = _shapes(findings)
    return told


def _rates(table: Mapping[str, Any], task: Mapping[str, Any]) -> Figure:
    attribute = table["protected"][0]
    datasets = [name for name in ("real", "holdout", "synthetic") if table[name]]
    counts = {name: {entry["group"]: entry for entry in table[name]} for name in datasets}
    groups = [entry["group"] for entry in table["real"]]
    rows = tuple((label(group), *(cell for name in datasets for cell in _rate(counts[name].get(group)))) for group in groups)
    head = ("Group", *(text for name in datasets for text in (f"{name.capitalize()}, interval", f"{name.capitalize()} rows")))
    return Figure(
        f"How often each group of {attribute} has {task['target']} {task['positive']}, with 95 % intervals: in real rows, in "
        "the holdout, and in synthetic rows.",
        f"Dots with intervals, one row a group of {attribute}. " + _extremes(counts, groups),
        head,
        (False, *(True for _ in head[1:])),
        rows,
    )


def _rate(entry: Mapping[str, Any] | None) -> tuple[str, str]:
    if entry is None or not entry["n"]:
        return "–", "0"
    low, high = wilson(entry["positive"], entry["n"])
    return f"{_percent(entry['positive'] / entry['n'])} % ({_percent(low)}–{_percent(high)})", f"{entry['n']:,}"


def _extremes(counts: Mapping[str, Mapping[str, Mapping[str, Any]]], groups: Sequence[str]) -> str:
    """Say which groups have the highest and the lowest rate in real rows, and where they are in synthetic rows."""
    real = {group: entry["positive"] / entry["n"] for group, entry in counts["real"].items() if entry["n"]}
    shown = [group for group in groups if group in real]
    if not shown:
        return "No group has a rate."
    told = []
    for word, group in (("highest", max(shown, key=real.__getitem__)), ("lowest", min(shown, key=real.__getitem__))):
        made = counts.get("synthetic", {}).get(group)
        then = f", and {_percent(made['positive'] / made['n'])} % in synthetic rows" if made and made["n"] else ""
        told.append(f"{label(group)} has the {word} rate in real rows, {_percent(real[group])} %{then}")
    return f"{'; '.join(told)}."


def _effects(findings: Sequence[Finding]) -> Figure:
    shown = [f for identifier in PANELS for f in findings if f["id"] == identifier and f["value"] is not None]
    return Figure(
        "How much each measure moved from real to synthetic rows. The band is what the policy, or sampling alone, allows; "
        "right of it is amplified for differences, left of it for the impact ratio.",
        f"Dots with intervals against the band that is allowed, one panel a measure. {_outcomes(shown)}",
        _CHANGES,
        _numeric(_CHANGES),
        tuple(_change(finding) for finding in shown),
    )


def _shares(findings: Sequence[Finding]) -> Figure:
    shown = [
        f
        for f in findings
        if f["id"] == "representation.log_disparity" and len(f["scope"]["protected"]) == 1 and f["value"] is not None
    ]
    furthest = max(shown, key=lambda f: abs(f["value"]), default=None)
    told = "" if furthest is None else f" {wording.subject(furthest)} moved furthest, by {wording.signed(furthest['value'])}."
    return Figure(
        "Whether groups keep their share of the rows. The band is what the policy, or sampling alone, allows.",
        f"Dots with intervals around zero, which is the same share, one row a group. {_outcomes(shown)}{told}",
        _CHANGES[1:],
        _numeric(_CHANGES[1:]),
        tuple(_change(finding)[1:] for finding in shown),
    )


def _shapes(findings: Sequence[Finding]) -> Figure:
    shown = sorted((f for f in findings if f["id"] == "fidelity.column_shape" and f["value"] is not None), key=_nearest_last)
    told = f" {shown[0]['scope'].get('column')} is furthest, at {wording.number(shown[0]['value'])}." if shown else ""
    head = ("Column", "Distance", "Interval", "Allowed", "Outcome")
    return Figure(
        "How far each column is from its real distribution: Kolmogorov–Smirnov distance for numbers, total variation for "
        "categories.",
        f"Bars, one a column, longest first.{told}",
        head,
        _numeric(head),
        tuple(
            (
                str(f["scope"].get("column")),
                wording.number(f["value"]),
                wording.interval(f["ci"]),
                wording.number(f["margin"]),
                wording.OUTCOMES.get(f["outcome"], str(f["outcome"])),
            )
            for f in shown
        ),
    )


def _nearest_last(finding: Finding) -> float:
    return -float(finding["value"])


def _drivers(part: Explanation) -> Figure:
    head = ("Column", "Composition", "Interval", "Rates", "Most of all")
    return Figure(
        f"{part.title}. From the gap in real rows to the gap in synthetic rows; then what other shares of each "
        "column's values account for, with intervals; then the levels of the first column. In percentage points.",
        "Bars from the gap in real rows to the gap in synthetic rows, then one bar a column. " + " ".join(part.sentences),
        head,
        (False, True, True, True, False),
        tuple(column.row for column in part.columns),
    )


def _change(finding: Finding) -> tuple[str, ...]:
    return (
        wording.name(finding["id"]),
        wording.subject(finding),
        wording.number(finding["real"]),
        wording.number(finding["synthetic"]),
        wording.signed(finding["value"]),
        wording.interval(finding["ci"]),
        wording.number(finding["margin"]),
        wording.OUTCOMES.get(finding["outcome"], str(finding["outcome"])),
    )


def _outcomes(findings: Sequence[Finding]) -> str:
    counts: dict[str, int] = {}
    for finding in findings:
        outcome = wording.OUTCOMES.get(finding["outcome"], str(finding["outcome"]))
        counts[outcome] = counts.get(outcome, 0) + 1
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"Of {len(findings)}: {told}." if findings else "There is nothing to show."


def _numeric(head: Sequence[str]) -> tuple[bool, ...]:
    return tuple(name not in {"Measure", "About", "Column", "Outcome"} for name in head)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
