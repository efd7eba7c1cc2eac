"""The whole way: split, fit, sample, audit, report, stamp, for one generator or several."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assaymark.cubes.fine import FineCube, count_cube
from assaymark.errors import InternalError, OptionError, PluginFailedError, TooFewRowsError
from assaymark.host.provenance import describe, model_digest
from assaymark.host.registry import Registered, Registry, call_guarded, load_registry, open_generator
from assaymark.host.specs import DeepAttack, PrivacyClaim
from assaymark.pipeline.auditing import finish_release, known_findings, parts_of, result_of
from assaymark.pipeline.comparing import ranking, write_comparison
from assaymark.pipeline.document import SyntheticData, merge_notes
from assaymark.pipeline.logbook import append, check_usable
from assaymark.pipeline.measuring import measure
from assaymark.pipeline.policy_order import with_proof
from assaymark.pipeline.releasing import open_signer
from assaymark.pipeline.requests import AuditResult, RunRequest, RunResult
from assaymark.pipeline.sources import Sources, load_sources, load_synthetic, split_sources
from assaymark.pipeline.staging import RELEASE_FILE, refuse_existing, staged_folder
from assaymark.pipeline.steps import step
from assaymark.pipeline.verifying import open_parent
from assaymark.policy.loading import load_policy
from assaymark.provenance.certificates import days_left
from assaymark.tables.roles import refuse_free_text
from assaymark.tables.table import Table
from assaymark.tables.writing import write_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from assaymark.execution import Run
    from assaymark.host.specs import Fitted, GeneratorSpec, Signer
    from assaymark.policy.model import Policy
    from assaymark.provenance.lineage import Parent

_WARN_DAYS = 30


def run(request: RunRequest, run: Run) -> RunResult:
    """Generate synthetic rows, audit them and leave a signed release for each generator.

    Raises:
        AssaymarkError: When an input, the policy, a plugin or the output cannot be used; nothing half-written is left.
    """
    registry = load_registry()
    policy = with_proof(load_policy(request.policy, known_findings(registry)), request.policy_proof)
    for name in request.also:
        registry.renderer(name)  # an unknown one is refused before anything is computed
    generators = [registry.generator(name) for name in request.generators]
    folders = {name: _folder(request, name) for name in request.generators}
    for folder in folders.values():
        refuse_existing(folder, force=request.force)
    parents = {name: _parent(request, name) for name in request.generators}
    check_usable(request.log)
    signer = open_signer(registry, request.signer, request.timestamp)
    told = step(run, "read tables")
    told.progress(0, 1)
    sources = _sources(request, run)
    refuse_free_text(sources.schema)
    told.progress(1, 1)
    audits: list[AuditResult] = []
    with signer:
        for registered in generators:
            one = _Generation(request, registered, sources, policy, registry, signer, parents[registered.spec.name])
            audits.append(one.release(folders[registered.spec.name], run))
        order = ranking(audits)
        if len(audits) > 1:
            compared = write_comparison(request.out, audits, order, signer)
            if request.log is not None:
                append([compared], request.log, signer)
    return RunResult(tuple(audits), order, tuple(signer_messages(signer)))


def signer_messages(signer: Signer) -> Iterator[str]:
    """Yield what a user should know of the signer."""
    yield f"Signed with: {signer.label}."
    days = days_left(signer.certificates)
    if days < _WARN_DAYS:
        yield f"The certificate that signed ends in {days} days; without a time stamp the release will not verify after that."


def _folder(request: RunRequest, name: str) -> Path:
    return request.out if len(request.generators) == 1 else request.out / name


def _parent(request: RunRequest, name: str) -> Parent | None:
    """Return the release that a generator's release follows: the one that was named, or in a folder of several its own."""
    if request.parent is None:
        return None
    own = request.parent / name
    several = not (request.parent / RELEASE_FILE).exists() and own.is_dir()
    return open_parent(own if several else request.parent, request.trust)


def _sources(request: RunRequest, run: Run) -> Sources:
    if request.holdout is None:
        return split_sources(request.real, request.roles, request.tables, run)
    return load_sources(request.real, request.holdout, request.roles, request.tables, request.rename)


def fit(registered: Registered[GeneratorSpec], config: Mapping[str, Any], table: Table, run: Run) -> Fitted:
    """Fit a generator under the guard.

    Raises:
        TooFewRowsError: When the table has fewer rows than the generator needs.
        PluginFailedError: When the generator breaks.
    """
    needed = registered.spec.capabilities.min_rows
    if table.rows < needed:
        raise TooFewRowsError(
            f"the table has too few rows for the generator {registered.spec.name}",
            found=f"{table.rows} rows",
            expected=f"at least {needed}",
            remedy="Use more rows, or another generator.",
        )
    generator = open_generator(registered, config)
    fitted: Fitted = call_guarded(registered, lambda: generator.fit(table, table.schema, run))
    return fitted


def sample(
    registered: Registered[GeneratorSpec], fitted: Fitted, rows: int, run: Run, where: Mapping[str, Any] | None = None
) -> Iterator[Table]:
    """Yield batches of synthetic rows under the guard, telling progress by rows.

    Raises:
        OptionError: When no rows are asked for.
    """
    if rows < 1:
        raise OptionError("there are no rows to sample", where="--rows", found=str(rows), expected="1 or more")
    batches = call_guarded(registered, lambda: iter(fitted.sample(rows, run, where)))
    done = 0
    while True:
        run.check()
        batch: Table | None = call_guarded(registered, lambda: next(batches, None))
        if batch is None:
            _refuse_short(registered, done, rows)
            return
        done += batch.rows
        _refuse_batch(registered, fitted, batch, done, rows)
        run.progress(done, rows, "rows")
        yield batch


def _refuse_batch(registered: Registered[GeneratorSpec], fitted: Fitted, batch: Table, done: int, rows: int) -> None:
    """Refuse rows that nobody asked for, or of other columns than the generator says."""
    wanted = fitted.schema.names
    if batch.names == wanted and batch.arrow.schema.names == list(wanted) and done <= rows:
        return
    raise PluginFailedError(
        f"the generator {registered.spec.name} made something else than was asked for",
        found=f"{done} rows" if done > rows else f"the columns {', '.join(batch.arrow.schema.names[:20])}",
        expected=f"{rows} rows" if done > rows else f"the columns {', '.join(wanted[:20])}",
        remedy="Report this to the author of the plugin; `assaymark plugins check` finds such faults.",
    )


def _refuse_short(registered: Registered[GeneratorSpec], done: int, rows: int) -> None:
    if done != rows:
        raise PluginFailedError(
            f"the generator {registered.spec.name} made fewer rows than were asked for",
            found=f"{done} rows",
            expected=f"{rows} rows",
            remedy="Report this to the author of the plugin; `assaymark plugins check` finds such faults.",
        )


def claimed(registered: Registered[GeneratorSpec], fitted: Fitted) -> PrivacyClaim | None:
    """Return what a fit spent by its own account, else what its generator declares.

    Raises:
        PluginFailedError: When that is no claim that means anything.
    """
    claim = getattr(fitted, "privacy", None) or registered.spec.privacy
    if claim is None:
        return None
    spent = 0.0 if (epsilon := getattr(claim, "epsilon", None)) is None else epsilon
    if not isinstance(claim, PrivacyClaim) or not (math.isfinite(spent) and spent >= 0.0 and 0.0 <= claim.delta < 1.0):
        raise PluginFailedError(
            "a generator claims a privacy that means nothing",
            where=registered.spec.name,
            found=repr(claim)[:200],
            expected="a PrivacyClaim with a finite epsilon of at least 0 and a delta in [0, 1)",
            remedy="Report this to the author of the plugin.",
        )
    return claim


class _Generation:
    """One generator of a run, from fit to release."""

    def __init__(
        self,
        request: RunRequest,
        registered: Registered[GeneratorSpec],
        sources: Sources,
        policy: Policy,
        registry: Registry,
        signer: Signer,
        parent: Parent | None = None,
    ) -> None:
        self.request = request
        self.registered = registered
        self.sources = sources
        self.policy = policy
        self.registry = registry
        self.signer = signer
        self.parent = parent
        self.name = registered.spec.name

    def release(self, out: Path, run: Run) -> AuditResult:
        """Fit, sample, audit, and leave the release in ``out``."""
        config = dict(self.request.configs.get(self.name, {}))
        fitted = fit(self.registered, config, self.sources.real, step(run, f"fit {self.name}"))
        with staged_folder(out, force=self.request.force) as stage:
            path = stage / f"synthetic.{self.request.format}"
            batches = sample(self.registered, fitted, self._rows(), step(run, f"sample {self.name}"))
            write_table(batches, path, self.request.format, sidecar=f"{path.name}.c2pa")
            tables = replace(self.request.tables, schema_file=None)
            # the audit reads the file that ships, not the rows in memory
            loaded = load_synthetic(path, self.sources, tables, {})
            samples = [self._counted_sample(fitted, number, run) for number in range(1, self.request.samples)]
            claim = claimed(self.registered, fitted)
            deep = DeepAttack(self._refit, self.request.shadows) if self.request.deep else None
            measured = measure(self.sources, loaded.table, self.policy, self.registry, run, samples, claim=claim, deep=deep)
            data = SyntheticData(
                file=path.name,
                rows=loaded.rows,
                columns=len(loaded.table.schema),
                sha256=loaded.sha256,
                nulls=tables.nulls,
                notes=merge_notes([self.sources.notes, loaded.notes]),
            )
            description = self._description(config, fitted, claim, run)
            parts = parts_of(measured, self.sources, data, self.policy, description, run.seed)
            parts = replace(parts, parent=self.parent, mining=self.request.mining, also=self.request.also)
            finish_release(stage, out, parts, self.sources, self.registry, self.signer, run, log=self.request.log)
        return result_of(self.name, parts, measured, out)

    def _counted_sample(self, fitted: Fitted, number: int, run: Run) -> FineCube:
        """Sample again with another seed, a batch at a time, and keep the counts only."""
        named = step(run, f"sample {self.name} again ({number} of {self.request.samples - 1})")
        again = replace(named, seed=run.entropy("generation", number))
        schema, protected = self.sources.schema, self.sources.protected
        total: FineCube | None = None
        for batch in sample(self.registered, fitted, self._rows(), again):
            counts = count_cube(Table.from_arrow(batch.arrow, schema), protected)
            total = counts if total is None else total + counts
        if total is None:
            raise InternalError("a sample has no batch", where=self.name, remedy="Report this as a defect.")
        return total

    def _rows(self) -> int:
        # as many rows as REAL has, holdout included when it was split off
        everything = self.sources.real.rows
        if self.sources.split is not None and self.sources.holdout is not None:
            everything += self.sources.holdout.rows
        return self.request.rows if self.request.rows is not None else everything

    def _refit(self, table: Table, rows: int, run: Run) -> Table:
        """Fit the generator to another table, with the configuration of this run, and sample it."""
        fitted = fit(self.registered, dict(self.request.configs.get(self.name, {})), table, run)
        batches = [Table.from_arrow(batch.arrow, table.schema) for batch in sample(self.registered, fitted, rows, run)]
        return Table.concat(batches)

    def _description(self, config: Mapping[str, Any], fitted: Fitted, claim: PrivacyClaim | None, run: Run) -> dict[str, Any]:
        return {
            **describe(self.registered),
            "config": dict(config),
            "seed": run.seed,
            "model": model_digest(self.registered, fitted),
            "notes": [str(note) for note in getattr(fitted, "notes", ())],
            "privacy": None if claim is None else claim.document(),
        }
