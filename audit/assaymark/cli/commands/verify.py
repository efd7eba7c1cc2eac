"""``assaymark verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path


@click.command(cls=options.Command)
@click.argument("path", type=options.PATH)
@options.trust_options()
@options.untrusted_option()
@click.option("--require-pass", is_flag=True, help="Demand that the audit's verdict is pass, too.")
@click.option("--accept-waivers", is_flag=True, help="With --require-pass: let gates through that a trusted waiver names.")
@click.option("--independent", is_flag=True, help="Read the manifests without the C2PA library, by a second implementation.")
@click.option("--real", type=options.PATH, metavar="FILE", help="The real data, if at hand: rehash it and count it again.")
@click.option("--holdout", type=options.PATH, metavar="FILE", help="The same for a holdout from a file of its own.")
@click.option("--disclosure", type=options.PATH, metavar="FILE", help="Salts or proof; PATH.disclosure.json otherwise.")
@click.option("--rename", multiple=True, metavar="OLD=NEW", help="Header of --holdout to header of --real. Repeatable.")
@click.option("--parent", type=options.PATH, metavar="DIR|FILE", help="The release that this one follows, to check that.")
@click.option("--log", type=options.PATH, metavar="FILE", help="Transparency log to look it up in; your own otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(*, path: Path, as_json: bool, **values: Any) -> int:
    """Verify a release folder or one stamped file at PATH.

    Checks signatures, every byte, the set of files and the policy's hash, and computes every fairness number again from the
    published cubes. With --real, the file is held against the release's commitment, and every published count of real rows is
    made again from it. Exit codes: 0 intact and trusted, 1 altered, malformed or untrusted, 2 usage.
    """
    from assaymark.cli.summary import print_verification
    from assaymark.pipeline.log_checking import LogRequest, with_log
    from assaymark.pipeline.requests import VerifyRequest
    from assaymark.pipeline.verifying import verify
    from assaymark.provenance.transparency.storage import log_path

    if values["accept_waivers"] and not values["require_pass"]:
        raise OptionError("waivers matter where a pass is demanded", where="--accept-waivers", remedy="Add --require-pass.")
    request = VerifyRequest(
        path,
        options.trust(values),
        allow_untrusted=values["allow_untrusted"],
        require_pass=values["require_pass"],
        accept_waivers=values["accept_waivers"],
        independent=values["independent"],
        sources={name: values[name] for name in ("real", "holdout") if values[name] is not None},
        disclosure=values["disclosure"],
        parent=values["parent"],
        rename=options.pairs(values["rename"], "--rename"),
    )
    known = LogRequest(log_path(values["log"]), path, trust=request.trust)
    result = with_log(verify(request), known)
    print_verification(path, result, as_json=as_json)
    return 0 if result.ok else 1
