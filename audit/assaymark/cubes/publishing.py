"""From private cubes to published ones: which scopes there are, and what of each may be shown."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from assaymark.cubes.model_pooling import pool_models
from assaymark.cubes.pooling import observed, pool
from assaymark.cubes.published import PublishedCubes, Scope, ScopeCubes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.cubes.fine import FineCube
    from assaymark.cubes.models import LabelledRows

_LARGEST_PROGRAM = 6000  # private counts up to which intersections are checked for disclosure; beyond it they are withheld


def scopes_of(attributes: Sequence[str]) -> tuple[Scope, ...]:
    """Return each attribute, then each pair of attributes, in the order given."""
    return tuple((name,) for name in attributes) + tuple(combinations(attributes, 2))


def publish(
    real: FineCube,
    synthetic: FineCube,
    holdout: FineCube | None,
    *,
    target: str,
    positive: str,
    small_cell: int,
    samples: Sequence[FineCube] = (),
    labelled: LabelledRows | None = None,
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
    """
    scopes = scopes_of(real.attributes)
    withheld: dict[Scope, str] = {}
    if any(cube is not None and cube.counts.size > _LARGEST_PROGRAM for cube in (real, holdout)):
        withheld = {scope: "too_many_combinations" for scope in scopes if len(scope) > 1}
        scopes = tuple(scope for scope in scopes if scope not in withheld)
    shown = pool(real, scopes, small_cell)
    seen, *more = (observed(cube, scopes) for cube in (synthetic, *samples))
    tables = tuple(
        ScopeCubes(scope, shown[scope], seen[scope], samples=tuple(other[scope] for other in more), **held)
        for scope, held in zip(scopes, _holdout_tables(holdout, labelled, scopes, small_cell), strict=True)
    )
    missing = {"real": real.missing, "synthetic": synthetic.missing}
    if holdout is not None:
        missing["holdout"] = holdout.missing
    return PublishedCubes(target, positive, tables, missing, withheld)


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
