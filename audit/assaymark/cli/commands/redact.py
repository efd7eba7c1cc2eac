"""``assaymark redact``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("release", type=options.PATH)
@click.option("--out", type=options.PATH, required=True, metavar="DIR", help="Folder of the redacted copy.")
@click.option("--file", "files", multiple=True, metavar="NAME", help="Leave a file out, such as croissant.json. Repeatable.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME",
    help="Blank a field everywhere: generator.config, generator.model, generator.notes. Repeatable.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is signed, and shown by verify.")
@options.signing_options()
@options.trust_options()
@options.log_options()
@click.option("--force", is_flag=True, help="Replace an earlier release folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(release: Path, *, as_json: bool, **values: Any) -> int:
    """Copy RELEASE, a folder, without some of its files or fields.

    The copy is a release of its own, signed by you: it names the original by digest, says what was taken out and why, and
    verifies. Approvals stay with the original.
    """
    from assaymark.pipeline.redacting import RedactRequest, redact

    request = RedactRequest(
        release,
        values["out"],
        values["reason"],
        files=values["files"],
        fields=values["fields"],
        signer=values["signer"],
        timestamp=options.timestamp(values),
        trust=options.trust(values),
        log=options.chosen_log(values),
        force=values["force"],
    )
    told = redact(request)
    if as_json:
        click.echo(json.dumps({"release": str(values["out"]), "redacted": told}, indent=2, ensure_ascii=False))
        return 0
    click.echo(f"{values['out']}  a copy of {release} without {', '.join([*told['files'], *told['fields']])}")
    click.echo(f"  next:    assaymark verify {values['out']} --parent {release}")
    return 0
