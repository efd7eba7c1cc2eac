"""``assaymark verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assaymark.cli import options

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("path", type=options.PATH)
@click.option("--trust-anchor", type=options.PATH, multiple=True, metavar="PEM", help="Root certificate to trust. Repeatable.")
@click.option("--allow-untrusted", is_flag=True, help="Accept what is intact but signed by somebody unknown.")
@click.option("--require-pass", is_flag=True, help="Demand that the audit's verdict is pass, too.")
@click.option("--independent", is_flag=True, help="Read the manifests without the C2PA library, by a second implementation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(*, path: Path, trust_anchor: tuple[Path, ...], as_json: bool, **flags: bool) -> int:
    """Verify a release folder or one stamped file at PATH.

    Checks signatures, every byte, the set of files and the policy's hash, and computes every fairness number again from the
    published cubes. Exit codes: 0 intact and trusted, 1 altered, malformed or untrusted, 2 usage.
    """
    from assaymark.cli.summary import print_verification
    from assaymark.pipeline.requests import VerifyRequest
    from assaymark.pipeline.verifying import verify

    request = VerifyRequest(path, trust_anchor, **flags)
    result = verify(request)
    print_verification(path, result, as_json=as_json)
    return 0 if result.ok else 1
