"""``assaymark log``."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli import options
from assaymark.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assaymark.host.specs import Signer
    from assaymark.pipeline.log_checking import LogResult

_LOG = click.option(
    "--log", type=options.PATH, metavar="FILE", help="Transparency log; ASSAYMARK_LOG, or one beside the keys, otherwise."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
_SIGNER = click.option("--signer", default="development", show_default=True, help="Signer of the new head.")


@click.group(name="log")
def command() -> None:
    """Look up stamps in the transparency log: append-only, hash-chained (RFC 6962), with signed heads and proofs.

    `stamp`, `run` and `audit --out` add to it by themselves.
    """


def _path(log: Path | None) -> Path:
    from assaymark.provenance.transparency.storage import log_path

    return log_path(log)


def _signer(name: str) -> Signer:
    from assaymark.host.registry import load_registry
    from assaymark.pipeline.releasing import open_signer

    return open_signer(load_registry(), name)


@command.command()
@click.argument("paths", type=options.PATH, nargs=-1, required=True)
@_LOG
@_SIGNER
@_JSON
def append(*, paths: tuple[Path, ...], log: Path | None, signer: str, as_json: bool) -> int:
    """Add the stamps of PATHS, release folders or stamped files, each once."""
    from assaymark.pipeline import logbook

    with _signer(signer) as opened:
        added = logbook.append(paths, _path(log), opened)
    if as_json:
        click.echo(json.dumps({"entries": [{"path": str(a.path), "index": a.position, "new": a.new} for a in added]}, indent=2))
        return 0
    for one in added:
        click.echo(f"{one.path}  entry {one.position}{'' if one.new else ', as before'}")
    return 0


@command.command()
@click.argument("path", type=options.PATH, required=False)
@click.option("--since", type=options.PATH, metavar="HEAD", help="Prove that the log still begins with what this head covers.")
@click.option("--out", type=options.PATH, metavar="FILE", help="File to write; standard output otherwise.")
@click.option("--force", is_flag=True, help="Replace the file.")
@_LOG
def prove(*, path: Path | None, since: Path | None, out: Path | None, force: bool, log: Path | None) -> int:
    """Prove that PATH, a release folder or a stamped file, is in the log."""
    from assaymark.pipeline import logbook

    if (path is None) == (since is None):
        raise OptionError("give either a PATH or --since", remedy="Leave one of them out.")
    proof = logbook.prove(path, _path(log)) if path is not None else logbook.prove_since(since or Path(), _path(log))
    if out is None:
        click.echo(json.dumps(proof, indent=2))
    else:
        logbook.write_proof(out, proof, force=force)
        click.echo(f"{out}", err=True)
    return 0


@command.command()
@click.argument("path", type=options.PATH, required=False)
@click.option(
    "--since", type=options.PATH, metavar="HEAD", help="An earlier head, or a proof with one, that the log must extend."
)
@options.trust_options()
@options.untrusted_option()
@click.option(
    "--max-delay", type=options.Duration(), default="24h", show_default=True, help="How late a release may be logged."
)
@_LOG
@_JSON
def check(*, path: Path | None, as_json: bool, max_delay: float, **values: Any) -> int:
    """Check the log, and what it says of PATH: a release folder, a stamped file or a proof.

    Exit codes: 0 whole and as it says, 1 altered, withdrawn, back-dated, not logged or untrusted, 2 usage.
    """
    from assaymark.pipeline.log_checking import LogRequest
    from assaymark.pipeline.log_checking import check as check_request

    request = LogRequest(
        _path(values["log"]),
        path,
        values["since"],
        options.trust(values),
        values["allow_untrusted"],
        timedelta(seconds=max_delay),
    )
    result = check_request(request)
    _print_check(path or request.log, result, as_json=as_json)
    return 0 if result.ok else 1


def _print_check(path: Path, result: LogResult, *, as_json: bool) -> None:
    from dataclasses import asdict

    from assaymark.provenance.file_checks import printable

    if as_json:
        click.echo(json.dumps({"ok": result.ok, **asdict(result)}, indent=2))
        return
    told = click.style("HOLDS", fg="green", bold=True) if result.ok else click.style("DOES NOT HOLD", fg="red", bold=True)
    click.echo(f"{path}: {told}")
    for problem in result.problems:
        click.echo(f"  {printable(problem['message'])} [{problem['code']}]")
    if result.head is not None and result.ok:
        trust = "trusted" if result.trusted else "NOT trusted, and accepted by --allow-untrusted"
        click.echo(
            f"  {result.head['size']} entries, head of {result.head['time']} signed with: {printable(result.signer)} ({trust})"
        )
    if result.entry is not None:
        click.echo(f"  entry {result.entry['index']}: {printable(result.entry['name'])}, logged on {result.entry['logged']}")
    for notice in result.notices:
        click.echo(f"  note: {printable(notice['message'])} [{notice['code']}]")


@command.command()
@click.option("--head", is_flag=True, help="Print the newest signed head alone, to be kept elsewhere for `check --since`.")
@click.option("--from", "first", type=click.IntRange(0), default=0, show_default=True, help="First entry to show.")
@_LOG
@_JSON
def show(*, head: bool, first: int, log: Path | None, as_json: bool) -> int:
    """Show the entries of the log."""
    from assaymark.pipeline import logbook

    found = logbook.show(_path(log), first)
    if head:
        click.echo(json.dumps(found["head"], indent=2))
    elif as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for entry in found["entries"]:
            click.echo(_line(entry))
        click.echo(f"{found['size']} entries in log {found['log']}", err=True)
    return 0


def _line(entry: Mapping[str, Any]) -> str:
    start = f"{entry['index']:>6}  {entry['logged']}"
    if entry["kind"] == "withdrawal":
        return f"{start}  withdraws entry {entry['entry']}: {entry['reason']!r}"
    gone = "" if entry["withdrawn_by"] is None else f"  WITHDRAWN by entry {entry['withdrawn_by']}"
    return f"{start}  {entry['what']:<7}  {entry['sha256'][:16]}  {entry['name']!r}{gone}"


@command.command()
@click.argument("path", type=options.PATH, required=False)
@click.option("--entry", type=click.IntRange(0), help="Number of the entry, instead of PATH.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; readers of the log see it.")
@_LOG
@_SIGNER
def withdraw(*, path: Path | None, entry: int | None, reason: str, log: Path | None, signer: str) -> int:
    """Say that PATH, a release folder or a stamped file, no longer stands. Nothing is taken out of the log."""
    from assaymark.pipeline import logbook

    if path is not None and entry is None:
        what: Path | int = path
    elif entry is not None and path is None:
        what = entry
    else:
        raise OptionError("give either a PATH or --entry", remedy="Leave one of them out.")
    with _signer(signer) as opened:
        position, number = logbook.withdraw(what, reason, _path(log), opened)
    click.echo(f"entry {position} withdrawn by entry {number}")
    return 0
