"""``assaymark plugins doctor``."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import click


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(*, as_json: bool) -> int:
    """Tell the health of every plugin; exit with 1 when something is wrong."""
    from assaymark.host.registry import load_registry
    from assaymark.host.switches import lenient

    reports = load_registry(switches=replace(lenient(), again=True)).doctor()
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports], indent=2, ensure_ascii=False))
    else:
        for report in reports:
            mark = click.style("ok  ", fg="green") if report.healthy else click.style("FAIL", fg="red")
            click.echo(f"{mark} {report.name:<16} {report.message}")
    return 0 if all(report.healthy for report in reports) else 1
