"""What decided the verdict, in sentences, and of all that the three things to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark_reports import prose, wording
from assaymark_reports.drivers import explanations, in_short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Finding = Mapping[str, Any]

_FIRST = ("bias", "privacy", "representation", "utility", "fidelity")
_SEVERITY = ("fail", "inconclusive", "pass", "ungated")
_THREE = 3
_SHARE = "representation.log_disparity"


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """One of the things to know: what it is about, how its gates stand, and the finding that says most, in words."""

    title: str
    gate: str
    tally: str
    told: str


def reasons(findings: Sequence[Finding], verdict: str) -> tuple[str, ...]:
    """Say what decided the verdict; many shifts of groups of one attribute become one sentence."""
    wanted = {"fail": "fail", "inconclusive": "inconclusive"}.get(verdict)
    if wanted is None:
        count = sum(f["gate"] == "pass" for f in findings)
        return (f"{count} gated findings stay within their margins.",)
    deciding = [f for f in findings if f["gate"] == wanted]
    shifts: dict[tuple[str, ...], list[Finding]] = {}
    told: list[str] = []
    known = explanations(findings)
    for finding in deciding:
        if finding["id"] == _SHARE and finding["value"] is not None:
            shifts.setdefault(tuple(finding["scope"]["protected"]), []).append(finding)
        else:
            told.append(wording.sentence(finding) + in_short(finding, known))
    return tuple(told + [_shift(scope, found, wanted) for scope, found in shifts.items()])


def key_points(findings: Sequence[Finding]) -> tuple[KeyPoint, ...]:
    """Return the three families of findings whose gates stand worst, in the order of what a reader must know first."""
    by_family: dict[str, list[Finding]] = {}
    for finding in findings:
        by_family.setdefault(finding["id"].partition(".")[0], []).append(finding)
    order = [*(name for name in _FIRST if name in by_family), *(name for name in by_family if name not in _FIRST)]
    points = [_point(prose.family(name), by_family[name], findings) for name in order]
    return tuple(sorted(points, key=lambda point: _SEVERITY.index(point.gate))[:_THREE])


def _point(title: str, found: Sequence[Finding], findings: Sequence[Finding]) -> KeyPoint:
    counts = {gate: sum(f["gate"] == gate for f in found) for gate in _SEVERITY}
    gate = next((gate for gate in _SEVERITY if counts[gate]), "ungated")
    gated = len(found) - counts["ungated"]
    if gate == "ungated":
        return KeyPoint(title, gate, "no gate", f"{len(found)} findings are shown; none of them is gated by the policy.")
    if gate == "pass":
        return KeyPoint(title, gate, f"all {gated} gates passed", "Every gated finding stays within what is allowed.")
    verb = "failed" if gate == "fail" else "undecided"
    return KeyPoint(title, gate, f"{counts[gate]} of {gated} gates {verb}", _foremost(found, gate, findings))


def _foremost(found: Sequence[Finding], gate: str, findings: Sequence[Finding]) -> str:
    """Return the sentence about the largest of those findings that share the first one's measure."""
    deciding = [f for f in found if f["gate"] == gate]
    alike = [f for f in deciding if f["id"] == deciding[0]["id"]]
    if alike[0]["id"] == _SHARE and alike[0]["value"] is not None:
        scope = alike[0]["scope"]["protected"]
        moved = [f for f in alike if f["scope"]["protected"] == scope and f["value"] is not None]
        return _shift(tuple(scope), moved, gate)
    largest = max(alike, key=lambda f: abs(f["value"] or 0.0))
    return wording.sentence(largest) + in_short(largest, explanations(findings))


def _shift(scope: tuple[str, ...], found: Sequence[Finding], gate: str) -> str:
    largest = sorted(found, key=lambda f: -abs(f["value"]))[:3]
    shown = "; ".join(
        f"{_group(f)} from {100 * f['real']:.1f} % to {100 * f['synthetic']:.1f} %" for f in largest if f["real"] is not None
    )
    verb = (
        "have a share that moved beyond the margin" if gate == "fail" else "have a share that may have moved beyond the margin"
    )
    return f"Groups of {' and '.join(scope)}: {len(found)} {verb}, most of all {shown}."


def _group(finding: Finding) -> str:
    group = finding["scope"]["group"]
    return "the groups too small to name" if group == "_pooled" else str(group)
