"""Audit a synthetic table that exists already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assaymark.cubes.document import cubes_document
from assaymark.host.registry import Registry, load_registry
from assaymark.pipeline.document import Context, SyntheticData, audit_document, merge_notes
from assaymark.pipeline.logbook import check_usable, log_release, proof_beside, write_proof
from assaymark.pipeline.measuring import Measured, measure
from assaymark.pipeline.policy_order import with_proof
from assaymark.pipeline.releasing import ReleaseParts, copy_table, open_signer, table_suffix, write_release
from assaymark.pipeline.requests import AuditRequest, AuditResult
from assaymark.pipeline.sources import Sources, load_sources, load_synthetic
from assaymark.pipeline.staging import refuse_existing, staged_folder
from assaymark.pipeline.steps import step
from assaymark.pipeline.verifying import open_parent
from assaymark.policy.loading import load_policy
from assaymark.provenance.commitment import write_disclosure

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.execution import Run
    from assaymark.host.specs import Signer
    from assaymark.policy.model import Policy


def now() -> str:
    """Return the present moment as ISO 8601 UTC text, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def known_findings(registry: Registry) -> frozenset[str]:
    """Return the ids of all findings that the loaded checks can return."""
    return frozenset(identifier for check in registry.checks.values() for identifier in check.spec.ids)


def audit(request: AuditRequest, run: Run) -> AuditResult:
    """Audit ``request.synthetic`` against ``request.real``; with ``request.out`` leave a signed release there.

    Raises:
        AssaymarkError: When an input, the policy, a plugin or the output cannot be used; nothing is left behind then.
    """
    registry = load_registry()
    policy = with_proof(load_policy(request.policy, known_findings(registry)), request.policy_proof)
    for name in request.also:
        registry.renderer(name)  # an unknown one is refused before anything is computed
    signer: Signer | None = None
    if request.out is not None:
        refuse_existing(request.out, force=request.force)
        check_usable(request.log)
        signer = open_signer(registry, request.signer, request.timestamp)
    parent = None if request.parent is None else open_parent(request.parent, request.trust)
    told = step(run, "read tables")
    told.progress(0, 1)
    sources = load_sources(request.real, request.holdout, request.roles, request.tables, request.rename)
    loaded = load_synthetic(request.synthetic, sources, request.tables, request.rename)
    told.progress(1, 1)
    measured = measure(sources, loaded.table, policy, registry, run)
    suffix = table_suffix(request.synthetic)
    data = SyntheticData(
        file=f"synthetic.{suffix}",
        rows=loaded.rows,
        columns=len(loaded.table.schema),
        sha256=loaded.sha256,
        nulls=request.tables.nulls,
        rename=dict(request.rename),
        notes=merge_notes([sources.notes, loaded.notes]),
    )
    parts = replace(
        parts_of(measured, sources, data, policy, None, run.seed), parent=parent, mining=request.mining, also=request.also
    )
    if request.out is not None and signer is not None:
        with signer, staged_folder(request.out, force=request.force) as stage:
            copy_table(request.synthetic, stage, suffix)
            finish_release(stage, request.out, parts, sources, registry, signer, run, log=request.log)
    return result_of(request.synthetic.name, parts, measured, request.out)


def parts_of(
    measured: Measured, sources: Sources, data: SyntheticData, policy: Policy, generator: dict[str, Any] | None, seed: int
) -> ReleaseParts:
    """Return what a release of this audit is made of."""
    context = Context(
        created=now(),
        seed=seed,
        schema=sources.schema,
        protected=sources.protected,
        policy=policy,
        real=sources.real_data,
        holdout=sources.holdout_data,
        synthetic=data,
        generator=generator,
        split=sources.split,
        references=sources.references,
    )
    return ReleaseParts(audit_document(measured, context), measured.cubes, policy, generated=generator is not None)


def finish_release(
    stage: Path,
    out: Path,
    parts: ReleaseParts,
    sources: Sources,
    registry: Registry,
    signer: Signer,
    run: Run,
    *,
    log: Path | None = None,
) -> None:
    """Write and stamp all files of a release, log it, and put the disclosure and the proof of the log beside it.

    It is logged before it appears, so that no release is out that a log which failed just then does not hold.
    """
    told = step(run, "write and stamp")
    told.progress(0, 1)
    write_release(stage, parts, registry, signer)
    run.check()
    if log is not None:
        proof = log_release(stage, out.resolve().name, log, signer)
        write_proof(proof_beside(out), proof, force=True)
    write_disclosure(out.with_name(out.name + ".disclosure.json"), dict(sources.disclosure))
    told.progress(1, 1)


def result_of(name: str, parts: ReleaseParts, measured: Measured, release: Path | None) -> AuditResult:
    """Return what an audit came to."""
    return AuditResult(name, parts.document, cubes_document(parts.cubes), measured.verdict, release)
