"""The PDF report: set by Typst, tagged, and declared to conform to PDF/UA-1, which Typst checks as it writes.

Every value reaches the template as JSON, so that none of them can become markup or code.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from assaymark.api import MissingLibraryError
from assaymark_reports import prose
from assaymark_reports.charts import draw
from assaymark_reports.figures import figures
from assaymark_reports.legible import breakable, legible
from assaymark_reports.view import Row, make_view, row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FONT = "Source Sans Pro"
_STANDARD = "ua-1"
_IN_BRIEF = 6  # a measure with more findings than this is listed in the appendix only


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the document of an audit; the same audit gives the same bytes.

    Text is set in fonts that come along. Where they lack a character, fonts of the system are asked, and where those
    lack it, too, its code point is shown: a document with unreadable characters would not be accessible.

    Raises:
        MissingLibraryError: When Typst or its font is not installed.
    """
    typst, fonts = _library()
    made = datetime.fromisoformat(audit["created"]).astimezone(UTC)
    plain = _data(legible(audit, certain=False), made)
    for system in (False, True):
        try:
            return _compiled(typst, plain, fonts, made, system=system)
        except typst.TypstError:
            continue  # a character that no font has
    return _compiled(typst, _data(legible(audit, certain=True), made), fonts, made, system=False)


def _library() -> tuple[Any, str]:
    """Return Typst and the folder of the font; it is found without running the package that carries it."""
    try:
        import typst
    except ImportError as error:
        raise _missing("typst") from error
    carrier = importlib.util.find_spec("font_source_sans_pro")
    if carrier is None or not carrier.submodule_search_locations:
        raise _missing("font-source-sans-pro")
    return typst, carrier.submodule_search_locations[0]


def _missing(name: str) -> MissingLibraryError:
    return MissingLibraryError(
        "the pdf format needs a library that is not installed",
        where="pdf",
        found=f"no {name}",
        remedy="Install it by `pip install 'assaymark[pdf]'`.",
    )


def _compiled(typst: Any, data: Mapping[str, Any], fonts: str, made: datetime, *, system: bool) -> bytes:
    content: bytes = typst.compile(
        files("assaymark_reports").joinpath("templates", "report.typ").read_bytes(),
        format="pdf",
        sys_inputs={"report": json.dumps(data)},
        font_paths=[fonts],
        ignore_system_fonts=not system,
        pdf_standards=[_STANDARD],
        timestamp=made,
    )
    return content


def _data(audit: Mapping[str, Any], made: datetime) -> dict[str, Any]:
    """Return all that the template shows."""
    view = make_view(audit)
    charts = draw(audit, _FONT)
    told = figures(audit)
    return {
        "view": asdict(view),
        "date": [made.year, made.month, made.day, made.hour, made.minute, made.second],
        "gates": audit["summary"]["gates"],
        "compared": _compared(audit),
        "figures": {
            name: {**asdict(told[name]), "rows": breakable(told[name].rows), "svg": svg} for name, svg in charts.items()
        },
        "rates": [name for name in charts if name.startswith("rates:")],
        "drivers": [
            {"title": part.title, "sentences": part.sentences, "name": f"drivers:{part.about}", "hidden": part.hidden}
            for part in view.drivers
        ],
        "gated": {gate: _cells(each for each in view.gated if each.gate == gate) for gate in ("fail", "inconclusive", "pass")},
        "families": [_family(section.identifier, section.title, section.rows) for section in view.sections],
        "group_rows": _cells(view.group_rows),
        "appendix": _appendix(audit["findings"]),
        "prose": {name: getattr(prose, name) for name in ("DRIVERS", "MODELS", "CHECKING", "LIMITS", "TERMS")},
    }


def _compared(audit: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what was compared: name, what it is, and the digest that identifies it."""
    data, policy, generator = audit["datasets"], audit["policy"], audit["generator"]
    table, real, holdout = data["synthetic"], data["real"], data["holdout"]
    told = [
        (
            "Synthetic table",
            f"{table['file']}: {table['rows']:,} rows, {table['columns']} columns",
            f"sha256 {table['sha256']}",
        ),
        ("Real data", f"{real['rows']:,} rows, {real['columns']} columns; undisclosed", f"commitment {real['commitment']}"),
    ]
    if holdout is None:
        told.append(("Holdout", "none, so privacy and utility cannot be estimated", "–"))
    else:
        told.append(("Holdout", f"{holdout['rows']:,} real rows that were kept apart", f"commitment {holdout['commitment']}"))
    if generator is None:
        told.append(("Generator", "not known; the table was brought along", "–"))
    else:
        digest = "–" if generator["digest"] is None else f"sha256 {generator['digest']}"
        told.append(("Generator", f"{generator['name']} ({generator['distribution']} {generator['version']})", digest))
    told.append(("Policy", policy["name"], f"sha256 {policy['sha256']}"))
    return told


def _family(identifier: str, title: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return a family with the measures of few findings; those of many stand in the appendix."""
    counts: dict[str, int] = {}
    for each in rows:
        counts[each.measure] = counts.get(each.measure, 0) + 1
    brief = [each for each in rows if counts[each.measure] <= _IN_BRIEF]
    longer = [f"{name} ({count})" for name, count in counts.items() if count > _IN_BRIEF]
    return {"identifier": identifier, "title": title, "rows": _cells(brief), "longer": longer}


def _appendix(findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    families: dict[str, list[Mapping[str, Any]]] = {}
    for finding in findings:
        families.setdefault(finding["id"].partition(".")[0], []).append(finding)
    return [
        {"title": prose.family(name), "count": len(found), "rows": _cells(row(each) for each in found)}
        for name, found in families.items()
    ]


def _cells(rows: Iterator[Row] | Sequence[Row]) -> list[list[str]]:
    """Return rows as lists: eight cells to show, what the gate says, and a note."""
    return [
        [
            *breakable([each.measure, each.about]),
            each.real,
            each.synthetic,
            each.change,
            each.interval,
            each.margin,
            each.outcome,
            each.gate,
            each.note,
        ]
        for each in rows
    ]
