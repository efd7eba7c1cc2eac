"""The HTML report: one file, no network, no script."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from assaymark_reports import prose
from assaymark_reports.charts import draw, fluid
from assaymark_reports.figures import figures
from assaymark_reports.view import make_view

if TYPE_CHECKING:
    from collections.abc import Mapping


def render(audit: Mapping[str, Any]) -> bytes:
    """Return the report of an audit document; the same document gives the same bytes."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    charts = {name: fluid(svg) for name, svg in draw(audit).items()}
    folder = files("assaymark_reports").joinpath("templates")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(folder.joinpath("report.html.jinja").read_text(encoding="utf-8"))
    style = Markup(folder.joinpath("report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own style sheet
    names = [name.partition(":")[2] for name in charts if name.startswith("rates:")]
    shown = {name: charts.get(name, "") for name in {*charts, "effects", "shares", "shapes"}}
    page = template.render(view=make_view(audit), charts=shown, figures=figures(audit), rates=names, style=style, prose=prose)
    return page.encode()
