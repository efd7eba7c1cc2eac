"""What a command tells a person in a terminal, or a program by ``--json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from assaymark.cli.visible import json_text, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from assaymark.pipeline.demonstration import Demonstration
    from assaymark.pipeline.requests import AuditResult, RunResult, VerifyResult

_COLOURS = {"pass": "green", "fail": "red", "inconclusive": "yellow"}
_MEANING = {
    "pass": "every gate of the policy holds",
    "fail": "at least one gate of the policy failed",
    "inconclusive": "no gate failed, but the data cannot decide all of them",
}
_MOST = 8
_GROUPS = {"_pooled": "groups too small to name"}
REASONS = {
    "small_cell": "fewer than ten real rows in a cell",
    "group_too_small": "the group is too small in real",
    "single_group": "there is one group only",
    "no_holdout": "there is no holdout",
    "group_without_synthetic_rows": "a group has no synthetic rows",
    "too_few_synthetic_rows": "too few synthetic rows",
    "no_synthetic_outcome": "no synthetic row has the target",
    "no_synthetic_positives": "no synthetic row is positive",
    "too_many_combinations": "too many combinations of groups to publish safely",
    "holdout_overlaps_real": "the holdout shares rows with real",
    "one_class": "the target has one class only",
    "no_classifiers": "no classifier could be trained",
}


def print_audits(result: RunResult, *, as_json: bool) -> None:
    """Print what a run or an audit came to."""
    if as_json:
        click.echo(json_text(_json(result)))
        return
    for audit in result.audits:
        _print_audit(audit, titled=len(result.audits) > 1)
    if len(result.audits) > 1:
        _print_ranking(result)
    for message in result.messages:
        click.echo(visible(message, lines=True), err=True)


def _json(result: RunResult) -> dict[str, Any]:
    audits = [
        {
            "name": a.name,
            "verdict": a.verdict.value,
            "release": None if a.release is None else str(a.release),
            "audit": a.document,
        }
        for a in result.audits
    ]
    return {"verdict": result.verdict.value, "ranking": list(result.ranking), "audits": audits}


def _styled(verdict: str) -> str:
    return click.style(verdict.upper(), fg=_COLOURS[verdict], bold=True)


def _print_audit(audit: AuditResult, *, titled: bool) -> None:
    document = audit.document
    head = f"{audit.name}: " if titled else "Verdict: "
    gates = document["summary"]["gates"]
    click.echo(f"{head}{_styled(audit.verdict.value)} - {_MEANING[audit.verdict.value]}")
    click.echo(f"  gates: {gates['fail']} failed, {gates['inconclusive']} undecided, {gates['pass']} passed")
    for gate in ("fail", "inconclusive"):
        _print_findings([f for f in document["findings"] if f["gate"] == gate], gate)
    reference = document["reference"]
    click.echo(
        f"  checked against {reference['library']} {reference['version']}: {reference['comparisons']} numbers, "
        f"largest difference {reference['max_difference']:.1e}"
    )
    if audit.release is not None:
        click.echo(f"  release: {audit.release}")
        click.echo(f"  next:    assaymark verify {audit.release}")


def _print_findings(findings: Sequence[Mapping[str, Any]], gate: str) -> None:
    for finding in findings[:_MOST]:
        click.echo(f"  {click.style(gate, fg=_COLOURS[gate]):<12} {visible(sentence(finding))}")
    if len(findings) > _MOST:
        click.echo(f"  {gate:<12} and {len(findings) - _MOST} more; see the report")


def sentence(finding: Mapping[str, Any]) -> str:
    """Return one line that says what a finding says."""
    scope = finding["scope"]
    about = ", ".join(
        part
        for part in (
            " x ".join(scope.get("protected", [])),
            " vs ".join(scope.get("groups", [])) if len(scope.get("groups", [])) <= 2 else "",  # noqa: PLR2004 - a pair
            _GROUPS.get(str(scope.get("group", "")), str(scope.get("group", ""))),
            str(scope.get("direction", "")),
            str(scope.get("column") or ""),
        )
        if part
    )
    name = finding["id"].partition(".")[2].replace("_", " ")
    head = f"{name}{f' ({about})' if about else ''}"
    if finding["outcome"] == "not_estimable":
        return f"{head}: not estimable, {REASONS.get(finding['reason'], finding['reason'])}"
    numbers = [f"{key} {finding[key]:.3f}" for key in ("real", "synthetic") if finding[key] is not None]
    if finding["value"] is not None:
        ends = finding["ci"]
        interval = "" if ends is None or None in ends else f" [{ends[0]:+.3f}, {ends[1]:+.3f}]"
        numbers.append(f"change {finding['value']:+.3f}{interval}")
    if finding["margin"] is not None:
        numbers.append(f"allowed {finding['margin']:.3f}")
    return f"{head}: {', '.join(numbers)} -> {finding['outcome'].replace('_', ' ')}{_by_chance(finding)}{_more_rows(finding)}"


def _by_chance(finding: Mapping[str, Any]) -> str:
    """Say why an outcome that would fail the gate leaves it undecided."""
    if finding["gate"] != "inconclusive" or finding["p_adjusted"] is None:
        return ""
    return f", but with so many gates this may be chance (p {finding['p_adjusted']:.2g} after Holm's correction)"


def _more_rows(finding: Mapping[str, Any]) -> str:
    """Say how many more rows would have decided."""
    factor = finding["detail"].get("rows_to_decide")
    return "" if factor is None else f"; {factor:,g} times the rows would decide"


def _print_ranking(result: RunResult) -> None:
    from assaymark.pipeline.comparing import quality

    click.echo("\nRanked by failed gates, then undecided ones, then fidelity:")
    by_name = {audit.name: audit for audit in result.audits}
    for rank, name in enumerate(result.ranking, start=1):
        audit = by_name[name]
        gates, score = audit.document["summary"]["gates"], quality(audit.document)
        told = "not known" if score is None else f"{score:.3f}"
        click.echo(
            f"  {rank}. {name:<12} {_styled(audit.verdict.value):<14} {gates['fail']} failed, "
            f"{gates['inconclusive']} undecided, fidelity {told}"
        )


def print_demo(shown: Demonstration, *, as_json: bool) -> None:
    """Print what the demonstration came to."""
    from assaymark.pipeline.demonstration import SOURCE

    if as_json:
        told = {**_json(shown.result), "best": shown.best.name, "verified": asdict(shown.verified)}
        click.echo(json_text(told))
        return
    click.echo(f"Data: {SOURCE}.\n")
    print_audits(shown.result, as_json=False)
    click.echo(f"\nBest: {shown.best.name}")
    print_verification(shown.out / shown.best.name, shown.verified, as_json=False)
    if shown.best.verdict.value == "inconclusive":
        click.echo(
            "\nWhy inconclusive: with 442 patients, 88 of them held out, sampling alone moves a gap between the sexes by\n"
            "more than the policy allows. The audit says so instead of guessing; a larger study would decide it."
        )
    click.echo(f"\nOpen {shown.out / shown.best.name / 'report.html'} in a browser.")


def print_verification(path: Path, result: VerifyResult, *, as_json: bool) -> None:
    """Print what verification found."""
    if as_json:
        click.echo(json_text(asdict(result)))
        return
    shown = click.style("VERIFIED", fg="green", bold=True) if result.ok else click.style("NOT VERIFIED", fg="red", bold=True)
    click.echo(f"{visible(str(path))}: {shown}{f' - {result.files} file(s)' if result.ok else ''}")
    for problem in result.problems:
        click.echo(visible(f"  {problem['file']}: {problem['message']} [{problem['code']}]"))
    _print_statements(result)
    if result.ok:
        _print_sources(result.sources)
        _print_origin(result)
    if result.ok and result.verdict is not None:
        click.echo(f"  the audit's verdict: {_styled(result.verdict.value)}")
        _print_approvals(result)


_ANSWERS = {"yes": "green", "no": "red", "not_checked": "yellow"}


def _print_statements(result: VerifyResult) -> None:
    from assaymark.provenance.file_checks import printable

    for key, one in result.statements.items():
        answer = click.style(f"{one['answer'].replace('_', ' '):<12}", fg=_ANSWERS[one["answer"]])
        click.echo(f"  {key.replace('_', ' ') + ':':<16}{answer}{visible(one['sentence'])}")
    if result.time_stamp is not None:
        click.echo(
            f"  {'time stamped:':<16}{'yes' if result.time_stamp['trusted'] else 'unproven':<12}"
            + visible(result.time_stamp["sentence"])
        )
    if result.log is not None:
        click.echo(f"  {'log:':<16}{result.log['state']:<12}{printable(result.log['sentence'])}")
    if result.policy_order is not None:
        click.echo(f"  {'policy first:':<16}{result.policy_order['order']:<12}{result.policy_order['sentence']}")
    for warning in (result.certificate or {}).get("warnings", ()):
        click.echo(visible(f"  note: {warning}"))


def _print_sources(sources: Mapping[str, Mapping[str, bool]]) -> None:
    for name, told in sources.items():
        if not told:
            click.echo(f"  {name} data: no file was named, so neither its commitment nor its counts were checked")
            continue
        opened = "the file is what the release committed to, and " if told.get("committed") else ""
        click.echo(f"  {name} data: {opened}its published counts by group were made again and are equal")
    if sources:
        click.echo("  not made again: counts by classifiers' labels, which take training them")


def _print_origin(result: VerifyResult) -> None:
    if result.parent is not None:
        told, changes = result.parent["parent"], result.parent["changes"]
        state = "verified, and it differs as is said" if result.parent_checked else "not checked; name it by --parent"
        click.echo(visible(f"  follows the release of {told['created']}, release.json sha256 {told['sha256']} ({state})"))
        files = changes["files"]
        moved = [f"{len(files[name])} files {name}" for name in ("added", "removed", "changed") if files[name]]
        moved += [name for name in ("verdict", "policy", "generator", "seed") if changes[name]["from"] != changes[name]["to"]]
        click.echo(visible(f"    changed since: {', '.join(moved) or 'nothing'}"))
        redacted = result.parent["redacted"]
        if redacted is not None:
            taken = ", ".join([*redacted["files"], *redacted["fields"]])
            when, why = redacted["created"], redacted["reason"]
            click.echo(visible(f"    a redacted copy, without {taken} (on {when}): {why}"))
    if result.mining is not None:
        uses = sorted({str(entry.get("use")) for entry in result.mining.get("entries", {}).values()})
        click.echo(visible(f"  training of models and mining: {', '.join(uses)}"))


def _print_approvals(result: VerifyResult) -> None:
    from assaymark.cli.options import scope_text

    for one in result.approvals:
        trust = "trusted" if one["trusted"] else "NOT trusted"
        own = ", the certificate that signed the release too" if one["same_signer"] else ""
        verb = "gates waived" if one["waives"] else "approved"
        why = f": {one['reason']}" if one["reason"] else ""
        told = f"  {verb} by {one['by']} on {one['created']} (signed with: {one['signer']}, {trust}{own}){why}"
        click.echo(visible(told))
        for waived in one["waives"]:
            click.echo(visible(f"    {waived['gate']}: {waived['id']} {scope_text(waived['scope'])}".rstrip()))
    if any(one["waives"] for one in result.approvals):
        click.echo(f"  failed or undecided gates that no trusted waiver names: {result.gates_left}")
