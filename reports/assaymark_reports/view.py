"""What a report shows, worked out from the audit document: plain values, no markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark_reports import prose, wording
from assaymark_reports.approvals import Approval, approvals
from assaymark_reports.deciding import KeyPoint, key_points, reasons
from assaymark_reports.drivers import Explanation, explanations
from assaymark_reports.models import Models, is_model, models

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEADLINES = {
    "pass": "Every gate of the policy holds",
    "fail": "At least one gate of the policy failed",
    "inconclusive": "No gate failed, but the data cannot decide all of them",
}
_NEXT = {
    "pass": "Nothing in this audit speaks against a release. Read what was not tested, below, before you decide.",
    "fail": (
        "Do not release this table before a person has looked at each failed gate. Choose another generator or other "
        "settings, or mend the data, and audit again."
    ),
    "inconclusive": (
        "More rows would narrow the intervals. Until then the decision is a judgement: read each undecided gate and weigh what "
        "is at stake."
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One finding as a table row; every field is text to show."""

    measure: str
    about: str
    real: str
    synthetic: str
    change: str
    interval: str
    margin: str
    outcome: str
    gate: str
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: a heading, rows, and the names of its charts."""

    title: str
    identifier: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """All that the templates need."""

    verdict: str
    headline: str
    why: tuple[str, ...]
    key_points: tuple[KeyPoint, ...]
    next_step: str
    title: str
    facts: tuple[tuple[str, str], ...]
    approvals: tuple[Approval, ...]
    gated: tuple[Row, ...]
    sections: tuple[Section, ...]
    drivers: tuple[Explanation, ...]
    models: Models | None
    group_rows: tuple[Row, ...]
    not_tested: tuple[tuple[str, str], ...]
    method: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def make_view(audit: Mapping[str, Any]) -> View:
    """Return the view of an audit document."""
    findings = audit["findings"]
    task = audit["task"]
    classifiers = models(findings)
    return View(
        verdict=audit["verdict"],
        headline=_HEADLINES[audit["verdict"]],
        why=reasons(findings, audit["verdict"]),
        key_points=key_points(findings),
        next_step=_NEXT[audit["verdict"]],
        title=f"{task['target']} {task['positive']} by {', '.join(task['protected'])}",
        facts=_facts(audit),
        approvals=approvals(audit.get("approvals", ())),
        gated=tuple(row(f) for f in findings if f["gate"] != "ungated"),
        sections=tuple(_sections(findings)),
        drivers=explanations(findings),
        models=classifiers,
        group_rows=() if classifiers is None else tuple(row(finding) for finding in classifiers.largest),
        not_tested=tuple((entry["what"], entry["why"]) for entry in audit["not_tested"]),
        method=_method(audit),
        notes=(*audit["datasets"]["synthetic"]["notes"], *((audit["generator"] or {}).get("notes", []))),
    )


def row(finding: Mapping[str, Any]) -> Row:
    """Return a finding as a row."""
    return Row(
        measure=wording.name(finding["id"]),
        about=wording.subject(finding),
        real=wording.number(finding["real"]),
        synthetic=wording.number(finding["synthetic"]),
        change=wording.signed(finding["value"]),
        interval=wording.interval(finding["ci"]),
        margin=wording.number(finding["margin"]),
        outcome=wording.OUTCOMES.get(finding["outcome"], str(finding["outcome"])),
        gate=finding["gate"],
        note=wording.reason(finding["reason"]) or _margin_note(finding),
    )


def _margin_note(finding: Mapping[str, Any]) -> str:
    if finding["detail"].get("margin_from") == "null":
        return "sampling alone allows this margin; it is wider than the policy's"
    return ""


def _facts(audit: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    data, generator = audit["datasets"], audit["generator"]
    table = data["synthetic"]
    holdout = "none" if data["holdout"] is None else f"{data['holdout']['rows']:,} rows"
    made = (
        "not known; the table was brought along"
        if generator is None
        else f"{generator['name']} ({generator['distribution']} {generator['version']})"
    )
    return (
        ("Synthetic table", f"{table['file']}, {table['rows']:,} rows, {table['columns']} columns"),
        ("Real data", f"{data['real']['rows']:,} rows, undisclosed"),
        ("Holdout", holdout),
        ("Generator", made),
        ("Policy", f"{audit['policy']['name']}, sha256 {audit['policy']['sha256'][:16]}…"),
        ("Created", audit["created"]),
    )


def _sections(findings: Sequence[Mapping[str, Any]]) -> list[Section]:
    families: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        families.setdefault(finding["id"].partition(".")[0], []).append(finding)
    order = [*prose.FAMILIES, *(name for name in families if name not in prose.FAMILIES)]
    return [
        Section(prose.family(name), name, tuple(row(f) for f in families[name] if not is_model(f)))
        for name in order
        if name in families
    ]


def _method(audit: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    method, reference, table = audit["method"], audit["reference"], audit["datasets"]["synthetic"]
    return (
        ("Assaymark", audit["assaymark"]),
        ("Seed", str(method["seed"])),
        ("Intervals", f"{100 * audit['policy']['level']:g} %: {method.get('interval', '')}"),
        ("Null", str(method.get("null", ""))),
        ("Bootstrap draws", f"{audit['policy']['draws']:,}"),
        (
            "Reference computation",
            (
                f"{reference['library']} {reference['version']}: {reference['comparisons']} numbers compared, largest "
                f"difference {reference['max_difference']:.1e} (at most {reference['tolerance']:.0e} is accepted)"
            ),
        ),
        ("Smallest group with a rate", f"{audit['policy']['min_group_size']} real rows"),
        ("Smallest published count", f"{audit['policy']['small_cell']} real rows"),
        ("Synthetic table, sha256", table["sha256"]),
        ("Real data, salted commitment", audit["datasets"]["real"]["commitment"]),
        ("Python, NumPy", f"{audit['environment']['python']}, {method['numpy']} on {audit['environment']['platform']}"),
    )
