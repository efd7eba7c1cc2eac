"""``assaymark stamp``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("files", type=options.PATH, nargs=-1, required=True)
@options.signing_options()
@options.mining_options()
@options.log_options()
@click.option("--sidecar", is_flag=True, help="A sidecar for PNG, SVG and PDF, too: no file is touched.")
@click.option("--out", type=options.PATH, metavar="FILE", help="Leave a PNG, SVG or PDF as it is, and write a stamped copy.")
@click.option("--force", is_flag=True, help="Replace earlier stamps, and --out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(*, files: tuple[Path, ...], force: bool, as_json: bool, **values: Any) -> int:
    """Sign FILES: the signed manifest goes into a PNG, SVG or PDF, and into a sidecar, FILE.c2pa, beside every other file."""
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.logbook import append, check_usable
    from assaymark.pipeline.releasing import open_signer
    from assaymark.provenance.stamping import embed_file, sidecar_of, stamp_file

    log, out, mining = options.chosen_log(values), values["out"], options.mining(values)
    carriers = [] if values["sidecar"] else _carriers(files)
    if out is not None and (len(files) != 1 or not carriers):
        raise OptionError(
            "--out takes one PNG, SVG or PDF", where="--out", found=f"{len(files)} file(s)", remedy="A sidecar needs no copy."
        )
    check_usable(log)
    with open_signer(load_registry(), values["signer"], options.timestamp(values)) as opened:
        for file in files:
            if file in carriers:
                embed_file(file, opened, out=out, force=force, mining=mining)
            else:
                stamp_file(file, opened, force=force, mining=mining)
        if log is not None:
            append(files if out is None else [out], log, opened)
        label = opened.label
    embedded = carriers if out is None else [out]
    sidecars = [sidecar_of(file) for file in files if file not in carriers]
    if as_json:
        told = {"signer": label, "sidecars": [str(path) for path in sidecars], "embedded": [str(path) for path in embedded]}
        click.echo(json.dumps(told, indent=2))
    else:
        for path in (*sidecars, *embedded):
            click.echo(f"{path}  signed with a {label}" if label.endswith("certificate") else f"{path}  signed by {label}")
    return 0


def _carriers(files: tuple[Path, ...]) -> list[Path]:
    """Return those of the files that can carry a manifest; what cannot be read is told when it is stamped."""
    from assaymark.provenance.embedding import media_type

    return [file for file in files if file.is_file() and media_type(file) is not None]
