"""``assaymark stamp``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("files", type=options.PATH, nargs=-1, required=True)
@options.signing_options()
@options.log_options()
@click.option("--force", is_flag=True, help="Replace sidecars.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(*, files: tuple[Path, ...], force: bool, as_json: bool, **values: Any) -> int:
    """Sign FILES: a C2PA sidecar, FILE.c2pa, beside each. The files themselves are not touched."""
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.logbook import append
    from assaymark.pipeline.releasing import open_signer
    from assaymark.provenance.stamping import stamp_file

    log = options.chosen_log(values)
    with open_signer(load_registry(), values["signer"], options.timestamp(values)) as opened:
        sidecars = [stamp_file(file, opened, force=force) for file in files]
        if log is not None:
            append(files, log, opened)
        label = opened.label
    if as_json:
        click.echo(json.dumps({"signer": label, "sidecars": [str(path) for path in sidecars]}, indent=2))
    else:
        for path in sidecars:
            click.echo(f"{path}  signed with a {label}" if label.endswith("certificate") else f"{path}  signed by {label}")
    return 0
