"""The smallest count of real people that the release itself publishes (Sweeney, 2002: k-anonymity, of the published tables).

It is computed from those tables alone, so whoever has the release can do it again.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from assaymark.cubes.published import GroupTable
from assaymark.results.findings import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from assaymark.cubes.published import PublishedCubes
    from assaymark.host.specs import CheckInput

K_ANONYMITY = "privacy.k_anonymity"
IDS = (K_ANONYMITY,)

_NOT_OF_PEOPLE = frozenset({"synthetic", "samples"})


def check(data: CheckInput) -> Iterator[Finding]:
    """Return one finding over all published tables of real rows."""
    wanted = data.policy.small_cell
    counts = np.concatenate([np.zeros(0, dtype=np.int64), *(_cells(table) for table in _tables(data.cubes))])
    smallest = int(counts.min()) if len(counts) else None
    yield Finding(
        K_ANONYMITY,
        {},
        Outcome.EXCEEDED if smallest is not None and smallest < wanted else Outcome.WITHIN,
        real=smallest,
        detail={
            "published_counts": len(counts),
            "smallest_allowed": wanted,
            "real_is": "the smallest count of real or holdout rows in a published table",
        },
    )


def _tables(cubes: PublishedCubes) -> Iterator[GroupTable]:
    for scope in cubes.scopes:
        for field in fields(scope):
            table = getattr(scope, field.name)
            if field.name not in _NOT_OF_PEOPLE and isinstance(table, GroupTable):
                yield table


def _cells(table: GroupTable) -> NDArray[np.int64]:
    """Return all published counts of a table, its pool's included."""
    return np.concatenate([table.counts.ravel(), *([] if table.pooled is None else [table.pooled])])
