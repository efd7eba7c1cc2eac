"""What accounts for a gap that moved, put together from the ``bias.driver`` findings: words, and what a chart needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assaymark_reports import wording

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DRIVER = "bias.driver"
_HALF = 0.5
_CELLS = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One bar on the way from the gap in real rows to that in synthetic rows; ``kind`` is gap, more or less."""

    label: str
    start: float
    end: float
    kind: str
    told: str


@dataclass(frozen=True, slots=True)
class Level:
    """What one level of a column accounts for."""

    name: str
    composition: float
    rate: float


@dataclass(frozen=True, slots=True)
class Driver:
    """What one column accounts for; ``told`` says which of its levels did most, in words."""

    name: str
    composition: float
    rate: float
    ends: tuple[float, float]
    levels: tuple[Level, ...]
    told: str

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """The column as a row of a table: name, composition part, its interval, rate part, what did most."""
        span = f"{_points(self.ends[0])} to {_points(self.ends[1])}"
        return self.name, _points(self.composition), span, _points(self.rate), self.told


@dataclass(frozen=True, slots=True)
class Explanation:
    """What accounts for one gap that moved.

    Attributes:
        about: The attribute or intersection.
        title: Heading.
        sentences: What is found, in words.
        delta: Change of the gap.
        change: The same as text, in percentage points.
        steps: From the gap in real to the gap in synthetic rows.
        columns: Columns, by the size of their composition part.
        hidden: Columns that cannot be told, as the groups are too small.
    """

    about: str
    title: str
    sentences: tuple[str, ...]
    delta: float
    change: str
    steps: tuple[Step, ...]
    columns: tuple[Driver, ...]
    hidden: tuple[str, ...]


def explanations(findings: Sequence[Mapping[str, Any]]) -> tuple[Explanation, ...]:
    """Return an explanation of each gap that has one, in the order of the findings."""
    by_scope: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for finding in findings:
        if finding["id"] == _DRIVER:
            by_scope.setdefault(tuple(finding["scope"]["protected"]), []).append(finding)
    return tuple(_explanation(scope, found) for scope, found in by_scope.items())


def in_short(finding: Mapping[str, Any], known: Sequence[Explanation]) -> str:
    """Return what goes with the change that ``finding`` tells of, as a short sentence after its own; empty if nothing does."""
    about = " and ".join(finding["scope"].get("protected", ()))
    part = next((one for one in known if one.about == about and one.columns), None)
    if finding["id"] != "bias.demographic_parity_difference" or part is None:
        return ""
    first = part.columns[0]
    return f" {_lead(first, part.delta)}."


def _explanation(scope: tuple[str, ...], found: list[Mapping[str, Any]]) -> Explanation:
    whole = next(f for f in found if f["scope"]["column"] is None)
    columns = tuple(_driver(f) for f in found if f["scope"]["column"] is not None and f["value"] is not None)
    hidden = tuple(f["scope"]["column"] for f in found if f["value"] is None)
    first, second = whole["scope"]["groups"]
    sentences = [_by_group(whole), *([_by_column(columns[0], whole["value"])] if columns else [])]
    return Explanation(
        " and ".join(scope),
        f"{' and '.join(scope)}: {first} against {second}",
        tuple(sentences),
        whole["value"],
        _points(whole["value"]),
        _steps(whole),
        columns,
        hidden,
    )


def _points(share: float) -> str:
    text = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if text in {"+0.0", "−0.0"} else text


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _driver(finding: Mapping[str, Any]) -> Driver:
    detail = finding["detail"]
    levels = [Level(entry["level"], entry["composition"], entry["rate"]) for entry in detail["levels"]]
    if detail["other_is"] != "rounding":
        levels.append(Level("all other levels", detail["other"]["composition"], detail["other"]["rate"]))
    low, high = finding["ci"]
    return Driver(finding["scope"]["column"], detail["composition"], detail["rate"], (low, high), tuple(levels), _told(finding))


def _told(finding: Mapping[str, Any]) -> str:
    """Say which cells account for most of a composition part, and what works against it if that is much."""
    column, total, detail = finding["scope"]["column"], finding["value"], finding["detail"]
    # of two levels the one is what the other is not
    most = _CELLS if len(detail["levels"]) > _CELLS or detail["other_is"] != "rounding" else 1
    along = [cell for cell in detail["cells"] if cell["contribution"] * total > 0]
    against = [cell for cell in detail["cells"] if cell["contribution"] * total < -_HALF * total * total]
    told = "; ".join(_cell(cell, column) for cell in along[:most])
    return told + ("; against that, " if told and against else "") + "".join(_cell(cell, column) for cell in against[:1])


def _cell(cell: Mapping[str, Any], column: str) -> str:
    """Say whose rows more often have which level."""
    verb = "more often" if cell["synthetic"] > cell["real"] else "less often"
    level = "levels too small to show alone" if cell["level"] == "other levels" else cell["level"]
    return (
        f"{cell['group']} rows {verb} have {column} {level} "
        f"({_percent(cell['real'])} to {_percent(cell['synthetic'])} %; {_points(cell['contribution'])})"
    )


def _by_group(whole: Mapping[str, Any]) -> str:
    told = [
        f"{_points(part['contribution'])} with the rate of {part['group']}, which goes from {_percent(part['real'])} "
        f"to {_percent(part['synthetic'])} %"
        for part in whole["detail"]["parts"]
    ]
    return f"The gap changes by {_points(whole['value'])} percentage points: {', and '.join(told)}."


def _lead(first: Driver, delta: float) -> str:
    share = first.composition / delta if delta else 0.0
    if share >= _HALF:
        return f"Most of it goes with {first.name}, which accounts for {_points(first.composition)}"
    if share > 0:
        return f"No column accounts for half of it; the largest part, {_points(first.composition)}, goes with {first.name}"
    return f"The largest part of any column, {_points(first.composition)} of {first.name}, works against the change"


def _by_column(first: Driver, delta: float) -> str:
    cells = f": {first.told}" if first.told else ""
    same = f"Other rates among rows with the same {first.name} account for {_points(first.rate)}."
    return f"{_lead(first, delta)}{cells}. {same}"


def _steps(whole: Mapping[str, Any]) -> tuple[Step, ...]:
    real, synthetic = whole["real"], whole["synthetic"]
    steps = [Step("gap in real rows", 0.0, real, "gap", f"{100 * real:.1f}".replace("-", "−"))]
    at = real
    for part in whole["detail"]["parts"]:
        after = at + part["contribution"]
        kind = "more" if part["contribution"] >= 0 else "less"
        steps.append(Step(f"rate of {part['group']}", at, after, kind, _points(part["contribution"])))
        at = after
    steps.append(Step("gap in synthetic rows", 0.0, synthetic, "gap", f"{100 * synthetic:.1f}".replace("-", "−")))
    return tuple(steps)


def sentence(finding: Mapping[str, Any]) -> str:
    """Return one sentence that says what a ``bias.driver`` finding says."""
    if finding["scope"]["column"] is None:
        return f"{wording.subject(finding)}: {_by_group(finding)}"
    driver, total = _driver(finding), finding["detail"]["adds_up_to"]
    cells = f": {driver.told}" if driver.told else ""
    return (
        f"{driver.name} accounts for {_points(driver.composition)} of {_points(total)} percentage points of change between "
        f"{' and '.join(finding['scope']['groups'])}{cells}."
    )
