"""Structure beyond pairs: triples of columns, rare categories, tails, and rules that hold in real. Columns are encoded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assaymark.checks.fidelity import constraints, dependencies, marginals, rarities
from assaymark.checks.fidelity.levels import encode
from assaymark.checks.fidelity.rules import findings
from assaymark.checks.statements import not_estimable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assaymark.host.specs import CheckInput
    from assaymark.results.findings import Finding

IDS = (*marginals.IDS, *rarities.IDS, *dependencies.IDS, *constraints.IDS)


def check(data: CheckInput) -> Iterator[Finding]:
    """Return the findings of triples, rarities and rules."""
    tables = [data.real, data.synthetic] if data.holdout is None else [data.real, data.synthetic, data.holdout]
    if not all(table.rows for table in tables):
        yield from (not_estimable(identifier, {}, "too_few_rows") for identifier in (marginals.MARGINALS, rarities.RARE))
        return
    coded = [encode(tables, column) for column in data.schema.learnable]
    yield marginals.marginals(coded, data)
    yield rarities.rare_categories(coded, data)
    for one in coded:
        yield from rarities.tails(one, data)
    data.run.check()
    yield from findings(dependencies.DEPENDENCY, dependencies.dependencies(coded, data), data)
    yield from findings(constraints.CONSTRAINT, constraints.constraints(coded, data), data)
