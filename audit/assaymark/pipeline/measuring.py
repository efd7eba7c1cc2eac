"""The audit itself: cubes, checks, reference computation, gates, verdict. Reads tables, writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assaymark.checks.bias.references import check_references
from assaymark.checks.privacy.replay import overlap_problem
from assaymark.checks.reference import Reference, compare
from assaymark.checks.utility.training import Plan, Predictions, holdout_predictions, labelled_rows
from assaymark.cubes.class_counting import count_class_cubes
from assaymark.cubes.class_publishing import class_room, with_classes
from assaymark.cubes.fine import FineCube, count_cube
from assaymark.cubes.publishing import publish
from assaymark.errors import PluginFailedError, PolicyError
from assaymark.host.registry import Registered, Registry, call_guarded, resolve
from assaymark.host.specs import CheckInput, CheckSpec, DeepAttack, Family, PrivacyClaim
from assaymark.pipeline.steps import step
from assaymark.policy.draws import check_draws
from assaymark.policy.gates import judge, verdict
from assaymark.results.findings import Finding, Verdict
from assaymark.tables.schema import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assaymark.cubes.models import LabelledRows
    from assaymark.cubes.published import PublishedCubes
    from assaymark.execution import Run
    from assaymark.pipeline.sources import Sources
    from assaymark.policy.model import Policy
    from assaymark.tables.table import Table


@dataclass(frozen=True, slots=True)
class Measured:
    """What an audit measured.

    Attributes:
        findings: All findings, gated.
        verdict: What they come to.
        cubes: The published tables that the fairness findings were computed from.
        reference: The comparison with the reference computation.
        predictions: Whether classifiers could be trained.
    """

    findings: tuple[Finding, ...]
    verdict: Verdict
    cubes: PublishedCubes
    reference: Reference
    predictions: bool


def measure(
    sources: Sources,
    synthetic: Table,
    policy: Policy,
    registry: Registry,
    run: Run,
    samples: Sequence[FineCube] = (),
    *,
    claim: PrivacyClaim | None = None,
    deep: DeepAttack | None = None,
) -> Measured:
    """Audit ``synthetic`` against the real rows of ``sources``; all checks of the registry run.

    Args:
        sources: Real rows and holdout.
        synthetic: Rows under audit.
        policy: Margins and gates.
        registry: The checks.
        run: Seed, progress, cancellation.
        samples: Counts of further rows that the same generator drew with other seeds.
        claim: Differential privacy that the generator claims.
        deep: The generator, where attacks may fit it anew.
    """
    real, holdout = sources.real, sources.holdout
    disabled = None if holdout is None else overlap_problem(real, holdout)
    predictions = None
    if holdout is not None and any(check.spec.family is Family.UTILITY for check in registry.checks.values()):
        predictions = holdout_predictions(real, holdout, synthetic, step(run, "train classifiers"), Plan.of(policy))
    cubes = _cubes(sources, synthetic, policy, predictions, samples)
    check_draws(cubes, policy, PolicyError, policy.name)
    references = dict(sources.references)
    check_references(sources.references, cubes)
    data = CheckInput(real, holdout, synthetic, real.schema, cubes, policy, run, disabled, predictions, claim, deep, references)
    findings = judge(_check_all(data, registry, run), policy)
    return Measured(findings, verdict(findings), cubes, compare(cubes, findings), predictions is not None)


def _cubes(
    sources: Sources, synthetic: Table, policy: Policy, predictions: Predictions | None, samples: Sequence[FineCube]
) -> PublishedCubes:
    held: FineCube | None = None
    labelled: LabelledRows | None = None
    if sources.holdout is not None:
        held = count_cube(sources.holdout, sources.protected)
        if predictions is not None:
            labelled = labelled_rows(predictions, sources.holdout, sources.protected)
    target = sources.schema.target
    strata = [column.name for column in sources.schema.with_role(Role.STRATA)]
    within = [(*sources.protected, name) for name in strata]
    real = count_cube(sources.real, sources.protected)
    published = publish(
        real,
        count_cube(synthetic, sources.protected),
        held,
        target=target.name if target else "",
        positive=str(sources.schema.positive),
        small_cell=policy.small_cell,
        samples=samples,
        labelled=labelled,
        strata={
            name: (count_cube(sources.real, columns), count_cube(synthetic, columns))
            for name, columns in zip(strata, within, strict=True)
        },
    )
    # which rows were scored would tell of the others, so that tables by class then do without the holdout
    scored = labelled is None or held is None or len(labelled.truth) == held.rows
    classes = count_class_cubes(
        sources.real,
        synthetic,
        sources.holdout if scored else None,
        sources.protected,
        room=class_room(real),
        small_cell=policy.small_cell,
    )
    return with_classes(published, classes, policy.small_cell)


def _check_all(data: CheckInput, registry: Registry, run: Run) -> Iterable[Finding]:
    checks = list(registry.checks.values())
    for done, registered in enumerate(checks):
        told = step(run, "audit")
        told.progress(done, len(checks), registered.spec.name)
        yield from _check_one(registered, data)
    step(run, "audit").progress(len(checks), len(checks), "done")


def _check_one(registered: Registered[CheckSpec], data: CheckInput) -> list[Finding]:
    found = call_guarded(registered, lambda: list(resolve(registered.spec.factory)(data)))
    for finding in found:
        if not isinstance(finding, Finding) or finding.id not in registered.spec.ids:
            raise PluginFailedError(
                "a check returned what it did not declare",
                where=registered.spec.name,
                found=getattr(finding, "id", type(finding).__name__),
                expected="findings with one of the ids " + ", ".join(registered.spec.ids),
                remedy="Report this to the author of the plugin, or block it by ASSAYMARK_BLOCK_PLUGINS.",
            )
    return found
