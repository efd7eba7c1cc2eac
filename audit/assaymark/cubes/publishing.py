"""From private cubes to published ones: which scopes there are, and what of each may be shown."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from assaymark.cubes.model_pooling import pool_models
from assaymark.cubes.pooling import observed, pool, pool_with_strata
from assaymark.cubes.published import GroupTable, PublishedCubes, Scope, ScopeCubes, StrataCubes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assaymark.cubes.fine import FineCube
    from assaymark.cubes.models import LabelledRows

_LARGEST_PROGRAM = 6000  # private counts up to which intersections are checked for disclosure; beyond it they are withheld
_LARGEST_STRATA = 3000  # the same for all stratum columns together, which make the program larger


def scopes_of(attributes: Sequence[str]) -> tuple[Scope, ...]:
    """Return each attribute, then each pair of attributes, in the order given."""
    return tuple((name,) for name in attributes) + tuple(combinations(attributes, 2))


def publish(  # noqa: PLR0913 - everything that may be published of one audit, pooled against each other
    real: FineCube,
    synthetic: FineCube,
    holdout: FineCube | None,
    *,
    target: str,
    positive: str,
    small_cell: int,
    samples: Sequence[FineCube] = (),
    labelled: LabelledRows | None = None,
    strata: Mapping[str, tuple[FineCube, FineCube]] | None = None,
) -> PublishedCubes:
    """Pool the real and the holdout cube, and put the tables of all scopes side by side.

    Args:
        real: Private cube of the real rows.
        synthetic: Cube of the synthetic rows; published whole.
        holdout: Private cube of the holdout; None without a holdout.
        target: Target column.
        positive: Text of the positive outcome.
        small_cell: Smallest count of real rows that may be published.
        samples: Cubes of further synthetic rows; published whole.
        labelled: Rows of the holdout as classifiers label them; None without classifiers.
        strata: For each stratum column the private cubes of the real and of the synthetic rows by the protected attributes
            and, last, that column.
    """
    scopes = scopes_of(real.attributes)
    withheld: dict[Scope, str] = {}
    if any(cube is not None and cube.counts.size > _LARGEST_PROGRAM for cube in (real, holdout)):
        withheld = {scope: "too_many_combinations" for scope in scopes if len(scope) > 1}
        scopes = tuple(scope for scope in scopes if scope not in withheld)
    fitting = _fitting(real, strata or {})
    shown, within = pool_with_strata(real, scopes, {name: fitting[name][0] for name in fitting}, small_cell)
    seen, *more = (observed(cube, scopes) for cube in (synthetic, *samples))
    tables = tuple(
        ScopeCubes(scope, shown[scope], seen[scope], samples=tuple(other[scope] for other in more), **held)
        for scope, held in zip(scopes, _holdout_tables(holdout, labelled, scopes, small_cell), strict=True)
    )
    missing = {"real": real.missing, "synthetic": synthetic.missing}
    if holdout is not None:
        missing["holdout"] = holdout.missing
    return PublishedCubes(
        target,
        positive,
        tables,
        missing,
        withheld,
        tuple(_strata_cubes(name, fitting[name][1], within) for name in fitting),
        {name: "too_many_combinations" for name in strata or {} if name not in fitting},
    )


def _fitting(real: FineCube, strata: Mapping[str, tuple[FineCube, FineCube]]) -> dict[str, tuple[FineCube, FineCube]]:
    """Return the stratum columns, in their order, that can be checked for disclosure together."""
    found: dict[str, tuple[FineCube, FineCube]] = {}
    size = real.counts.size
    for name, cubes in strata.items():
        if size + cubes[0].counts.size <= _LARGEST_STRATA:
            found[name] = cubes
            size += cubes[0].counts.size
    return found


def strata_scopes(attributes: Sequence[str], column: str) -> tuple[Scope, ...]:
    """Return the scope of a stratum column alone, then those of each attribute within it."""
    return ((column,), *((name, column) for name in attributes))


def _strata_cubes(column: str, synthetic: FineCube, within: Mapping[Scope, GroupTable]) -> StrataCubes:
    scopes = strata_scopes(synthetic.attributes[:-1], column)
    seen = observed(synthetic, scopes)
    total, *inner = (ScopeCubes(scope, within[scope], seen[scope]) for scope in scopes)
    return StrataCubes(column, total, tuple(inner))


def _holdout_tables(
    holdout: FineCube | None, labelled: LabelledRows | None, scopes: Sequence[Scope], small_cell: int
) -> list[dict[str, Any]]:
    if holdout is None:
        return [{} for _ in scopes]
    shown = pool(holdout, scopes, small_cell)
    if labelled is None:
        return [{"holdout": shown[scope]} for scope in scopes]
    models = pool_models(labelled, holdout, shown, small_cell)
    return [{"holdout": shown[scope], "models": models[scope]} for scope in scopes]
