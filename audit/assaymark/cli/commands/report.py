"""``assaymark report``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path


def _list(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click calls it so
    """Print every format with the name of its file, and end."""
    if not wanted or context.resilient_parsing:
        return
    from assaymark.host.registry import load_registry

    for name, each in sorted(load_registry().renderers.items()):
        click.echo(f"{name:<13} {each.spec.filename:<18} {each.spec.summary}")
    context.exit()


@click.command(cls=options.Command)
@click.argument("audit", type=options.PATH)
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List all formats, and end.")
@click.option(
    "--format",
    "format_",
    required=True,
    metavar="NAME",
    help="html, pdf, markdown, json, junit, sarif, … or what a plugin adds; --list shows all.",
)
@click.option("--out", type=options.PATH, required=True, metavar="FILE", help="File to write; - for standard output.")
@click.option("--sign", is_flag=True, help="Put JSON into a signed envelope (DSSE), as readers of in-toto expect it.")
@click.option("--signer", default="development", show_default=True, help="Signer of the envelope.")
@options.trust_options()
@click.option("--force", is_flag=True, help="Replace the file.")
def command(*, audit: Path, format_: str, out: Path, sign: bool, signer: str, force: bool, **values: Any) -> int:
    """Render AUDIT, an audit.json, in another format."""
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.approving import approvals_beside
    from assaymark.pipeline.releasing import enveloped, open_signer, render
    from assaymark.results.document import load_audit
    from assaymark.tables.atomic import write_bytes

    registry = load_registry()
    renderer = registry.renderer(format_)
    document = load_audit(audit)
    approvals = approvals_beside(audit, options.trust(values))
    if approvals:
        document["approvals"] = approvals
    content = render(renderer, document)
    if sign:
        with open_signer(registry, signer) as opened:
            content = enveloped(renderer, content, opened)
    if str(out) == "-":
        click.echo(content, nl=False)
    else:
        write_bytes(out, content, overwrite=force)
        click.echo(f"{out}", err=True)
    return 0
