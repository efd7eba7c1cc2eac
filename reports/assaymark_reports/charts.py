"""Charts as SVG text, drawn without a browser. The same audit gives the same bytes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from assaymark_reports import drivers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DATASETS = ("real", "holdout", "synthetic")
_COLOURS = ("#3b6fb6", "#8a94a3", "#d1662a")  # told apart with every common colour blindness, and in grey
_Z = 1.959964
FONT = "Helvetica, Arial, sans-serif"
_INK, _GRID = "#27303c", "#e4e8ee"
_MOST_GROUPS = 24
_MOST_COLUMNS = 12


def draw(audit: Mapping[str, Any], font: str = FONT) -> dict[str, str]:
    """Return the SVG of each chart, by name, with texts set in ``font``; a chart without data is left out."""
    specs = {}
    for table in audit["tables"]:
        if len(table["protected"]) == 1:
            specs[f"rates:{table['protected'][0]}"] = _rates(table, audit["task"])
    specs["effects"] = _effects(audit["findings"])
    for part in drivers.explanations(audit["findings"]):
        specs[f"drivers:{part.about}"] = _drivers(part)
    specs["shares"] = _shares(audit["findings"])
    specs["shapes"] = _shapes(audit["findings"])
    return {name: _svg(chart, font) for name, chart in specs.items() if chart is not None}


def _svg(chart: Any, font: str) -> str:
    import vl_convert

    themed = chart.configure(font=font, background="white").configure_view(stroke=None).configure_axis(
        labelColor=_INK, titleColor=_INK, gridColor=_GRID, domainColor=_GRID, tickColor=_GRID, labelFontSize=12,
        titleFontSize=12, titleFontWeight="normal", labelLimit=260,
    ).configure_legend(labelColor=_INK, titleColor=_INK, labelFontSize=12, labelLimit=320,
        orient="top", title=None,
   )  # fmt: skip
    return str(vl_convert.vegalite_to_svg(themed.to_json()))


def fluid(svg: str) -> str:
    """Return an SVG whose box scales with a page: a fixed size would overflow a narrow one."""
    return re.sub(
        r'<svg ([^>]*?)width="([\d.]+)" height="[\d.]+"', r'<svg \1style="width:100%;max-width:\2px;height:auto"', svg, count=1
    )


def wilson(positive: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate, by Wilson."""
    p, z2 = positive / n, _Z**2
    centre, half = p + z2 / (2 * n), _Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max((centre - half) / (1 + z2 / n), 0.0), min((centre + half) / (1 + z2 / n), 1.0)


def label(group: str) -> str:
    """Return what a group is called in a report."""
    return "too small to name, together" if group == "_pooled" else group


def _rates(table: Mapping[str, Any], task: Mapping[str, Any]) -> Any:
    import altair as alt

    known = [entry["group"] for entry in table["real"]]
    if not known or len(known) > _MOST_GROUPS:
        return None
    rows = []
    for dataset in _DATASETS:
        for entry in table[dataset] or []:
            if entry["group"] in known and entry["n"]:
                low, high = wilson(entry["positive"], entry["n"])
                rows.append(
                    {
                        "group": label(entry["group"]),
                        "data": dataset,
                        "rate": entry["positive"] / entry["n"],
                        "low": low,
                        "high": high,
                    }
                )
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("group:N", title=None, sort=[label(group) for group in known]),
        yOffset=alt.YOffset("data:N", sort=list(_DATASETS)),
        color=alt.Color("data:N", scale=alt.Scale(domain=list(_DATASETS), range=list(_COLOURS)), sort=list(_DATASETS)),
    )
    title = f"share with {task['target']} {task['positive']}, with 95 % intervals"
    across = alt.X("low:Q", title=title, axis=alt.Axis(format="%"), scale=alt.Scale(zero=True))
    spans = base.mark_rule(strokeWidth=2).encode(x=across, x2="high:Q")
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(x="rate:Q")
    return (spans + dots).properties(width=700, height=alt.Step(16))


PANELS = {
    "bias.demographic_parity_difference": "demographic parity difference: change in points of rate",
    "bias.impact_ratio": "impact ratio: change of its logarithm",
    "bias.log_odds_ratio": "log odds ratio: change",
}


def _effects(findings: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    panels = []
    for identifier, title in PANELS.items():
        rows = [
            {
                "about": " and ".join(f["scope"]["protected"]),
                "value": f["value"],
                "low": f["ci"][0],
                "high": f["ci"][1],
                "margin": f["margin"],
                "less": -f["margin"],
                "outcome": f["outcome"].replace("_", " "),
            }
            for f in findings
            if f["id"] == identifier and f["value"] is not None and f["ci"] is not None and None not in f["ci"]
        ]
        if rows:
            panels.append(_forest(rows, title))
    return alt.vconcat(*panels, spacing=18) if panels else None


def _forest(rows: list[dict[str, Any]], title: str) -> Any:
    import altair as alt

    order = [row["about"] for row in rows]
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=alt.Y("about:N", title=None, sort=order))
    allowed = base.mark_bar(color="#dfe6ef", height=18).encode(x=alt.X("less:Q", title=title), x2="margin:Q")
    spans = base.mark_rule(strokeWidth=2, color=_COLOURS[2]).encode(x="low:Q", x2="high:Q")
    dots = base.mark_point(filled=True, size=80, opacity=1, color=_COLOURS[2]).encode(x="value:Q")
    told = base.mark_text(align="left", dx=8, dy=-9, color=_INK, fontSize=11).encode(x="value:Q", text="outcome:N")
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color=_INK, strokeWidth=1).encode(x="x:Q")
    return (allowed + zero + spans + dots + told).properties(width=700, height=alt.Step(38))


def _shares(findings: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    rows = [
        {
            "group": label(f["scope"]["group"]),
            "value": f["value"],
            "low": f["ci"][0],
            "high": f["ci"][1],
            "margin": f["margin"],
            "less": -f["margin"],
            "attribute": f["scope"]["protected"][0],
        }
        for f in findings
        if f["id"] == "representation.log_disparity"
        and len(f["scope"]["protected"]) == 1
        and f["value"] is not None
        and f["ci"] is not None
        and None not in f["ci"]
    ][:_MOST_GROUPS]
    if not rows:
        return None
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("group:N", title=None, sort=[row["group"] for row in rows]),
    )
    title = "log odds of belonging to the group, synthetic against real (0: same share)"
    allowed = base.mark_bar(color="#dfe6ef", height=14).encode(x=alt.X("less:Q", title=title), x2="margin:Q")
    spans = base.mark_rule(strokeWidth=2, color=_COLOURS[2]).encode(x="low:Q", x2="high:Q")
    dots = base.mark_point(filled=True, size=70, opacity=1, color=_COLOURS[2]).encode(x="value:Q")
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color=_INK, strokeWidth=1).encode(x="x:Q")
    return (allowed + zero + spans + dots).properties(width=700, height=alt.Step(24))


def _shapes(findings: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    rows: list[dict[str, Any]] = [
        {"column": str(f["scope"].get("column")), "distance": f["value"]}
        for f in findings
        if f["id"] == "fidelity.column_shape" and f["value"] is not None
    ]
    rows = sorted(rows, key=lambda row: -row["distance"])[:30]
    if not rows:
        return None
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("column:N", title=None, sort=[row["column"] for row in rows]),
        x=alt.X(
            "distance:Q", title="distance between the column in real and in synthetic (0: same)", scale=alt.Scale(domainMin=0)
        ),
    )
    bars = base.mark_bar(color=_COLOURS[0], height=10)
    told = base.mark_text(align="left", dx=4, color=_INK, fontSize=11).encode(text=alt.Text("distance:Q", format=".3f"))
    return (bars + told).properties(width=700, height=alt.Step(20))


def _drivers(part: drivers.Explanation) -> Any:
    """Draw what accounts for a change: the way from real to synthetic rows, the columns, the levels of the first column."""
    import altair as alt

    panels = [_waterfall(part)]
    if part.columns:
        title = f"what each column's composition accounts for, in points; the dashed line is the whole change, {part.change}"
        rows = [
            {"about": column.name, "value": column.composition, "low": column.ends[0], "high": column.ends[1]}
            for column in part.columns[:_MOST_COLUMNS]
        ]
        panels.append(_parts(rows, title, part.delta))
    if part.columns and part.columns[0].levels:
        first = part.columns[0]
        panels.append(_level_parts(first, f"{first.name}: what its levels account for, in points"))
    return alt.vconcat(*panels, spacing=22).resolve_scale(color="independent", y="independent")


def _waterfall(part: drivers.Explanation) -> Any:
    import altair as alt

    order = [step.label for step in part.steps]
    rows = [
        {
            "label": step.label,
            "start": 100 * step.start,
            "end": 100 * step.end,
            "kind": step.kind,
            "told": step.told,
            "right": 100 * max(step.start, step.end),
        }
        for step in part.steps
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=alt.Y("label:N", title=None, sort=order))
    scale = alt.Scale(domain=["gap", "more", "less"], range=[_COLOURS[1], _COLOURS[2], _COLOURS[0]])
    bars = base.mark_bar(height=18).encode(
        x=alt.X("start:Q", title="gap between the groups, in percentage points"),
        x2="end:Q",
        color=alt.Color("kind:N", scale=scale, legend=None),
    )
    told = base.mark_text(align="left", dx=5, color=_INK, fontSize=11).encode(x="right:Q", text="told:N")
    return (bars + told).properties(width=640, height=alt.Step(26))


def _parts(rows: list[dict[str, Any]], title: str, delta: float) -> Any:
    import altair as alt

    shown = [{key: 100 * value if isinstance(value, float) else value for key, value in row.items()} for row in rows]
    base = alt.Chart(alt.InlineData(values=shown)).encode(y=alt.Y("about:N", title=None, sort=[row["about"] for row in rows]))
    bars = base.mark_bar(height=14).encode(
        x=alt.X("value:Q", title=title),
        color=alt.condition("datum.value >= 0", alt.value(_COLOURS[2]), alt.value(_COLOURS[0])),
    )
    spans = base.mark_rule(strokeWidth=1.5, color=_INK).encode(x="low:Q", x2="high:Q")
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color=_INK, strokeWidth=1).encode(x="x:Q")
    whole = alt.Chart(alt.InlineData(values=[{"x": 100 * delta}])).mark_rule(color=_INK, strokeDash=[4, 3]).encode(x="x:Q")
    return (bars + spans + zero + whole).properties(width=640, height=alt.Step(22))


def _level_parts(column: drivers.Driver, title: str) -> Any:
    import altair as alt

    kinds = ("composition: more or fewer rows", "rate: another outcome within the level")
    rows = [
        {"level": level.name, "kind": kind, "value": 100 * value}
        for level in column.levels
        for kind, value in zip(kinds, (level.composition, level.rate), strict=True)
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("level:N", title=None, sort=[level.name for level in column.levels]),
        yOffset=alt.YOffset("kind:N", sort=list(kinds)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=list(kinds), range=[_COLOURS[2], "#8a6fb0"]), sort=list(kinds)),
    )
    bars = base.mark_bar().encode(x=alt.X("value:Q", title=title))
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(color=_INK, strokeWidth=1).encode(x="x:Q")
    return (bars + zero).properties(width=640, height=alt.Step(13))
