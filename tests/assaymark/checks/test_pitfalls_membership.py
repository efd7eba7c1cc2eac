"""Ways in which a privacy audit misleads: in each the usual one errs, and ours does not."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.privacy import closest_records, membership, replay
from assaymark.checks.privacy.closest_records import DISTANCE
from assaymark.checks.privacy.membership import AREA, INFERENCE
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Role, Schema
from assaymark.tables.table import Table

SCHEMA = Schema(
    (
        *(Column(f"x{place}", Kind.FLOAT) for place in range(8)),
        *(Column(f"c{place}", Kind.CATEGORICAL) for place in range(8)),
        Column("sex", Kind.CATEGORICAL, frozenset({Role.PROTECTED})),
    )
)


def patients(rows, seed):
    rng = np.random.default_rng(seed)
    columns = {f"x{place}": np.round(rng.normal(size=rows), 3) for place in range(8)}
    columns |= {f"c{place}": rng.choice(list("abcde"), rows, p=[0.4, 0.3, 0.15, 0.1, 0.05]) for place in range(8)}
    return Table.from_columns(columns | {"sex": rng.choice(["f", "m"], rows)}, SCHEMA)


def with_shift(table, columns, by):
    changed = {c.name: table.column(c.name).to_pylist() for c in table.schema}
    for name in columns:
        changed[name] = (table.numbers(name) + by).tolist()
    return Table.from_columns(changed, table.schema)


def one(findings, identifier, **scope):
    return next(f for f in findings if f.id == identifier and all(f.scope.get(k) == v for k, v in scope.items()))


@pytest.fixture
def audited(row_input):
    def run(*tables):
        data = row_input(*tables)
        return [*replay.check(data), *closest_records.check(data), *membership.check(data)]

    return run


# pitfall 14: a table passes the distances to closest records, and so is private


def gower(table, others):
    """The usual distance to the closest record: differences relative to the range in real, and 1 for other categories."""
    total = np.zeros((table.rows, others.rows))
    for column in table.schema:
        if column.kind is Kind.FLOAT:
            mine, theirs = table.numbers(column.name), others.numbers(column.name)
            total += np.minimum(np.abs(mine[:, None] - theirs[None, :]) / np.ptp(theirs), 1.0)
        else:
            mine, theirs = (np.array(t.column(column.name).to_pylist()) for t in (table, others))
            total += mine[:, None] != theirs[None, :]
    return total.min(axis=1)


def test_shifted_copies_pass_the_usual_test_and_no_attack(audited):
    real, holdout = patients(1500, 1), patients(1500, 2)
    copies = with_shift(real, ["x0", "x1", "x2"], by=5.0)
    found = audited(real, copies, holdout)
    verbatim, distance = one(found, replay.VERBATIM), one(found, DISTANCE)
    # the naive audit: no row occurs verbatim, and the closest synthetic rows are farther from real than the closest fresh ones
    assert (verbatim.synthetic, verbatim.outcome) == (0.0, Outcome.WITHIN)
    assert np.quantile(gower(copies, real), 0.05) > np.quantile(gower(holdout, real), 0.05)
    # ours does not judge by that, and finds the members
    assert (distance.outcome, distance.margin) == (Outcome.SHOWN, None)
    for attack in ("density_ratio", "nearest_neighbour"):
        assert one(found, INFERENCE, attack=attack).outcome is Outcome.EXCEEDED
        assert one(found, INFERENCE, attack=attack).synthetic > 0.5


def test_an_average_hides_whom_a_rate_at_few_false_alarms_finds(audited):
    real, holdout = patients(2000, 1), patients(2000, 2)
    synthetic = Table.concat([real.take(np.arange(160)), patients(2000, 3)])  # 8% of the people are copied
    found = audited(real, synthetic, holdout)
    assert one(found, AREA, attack="nearest_neighbour").synthetic < 0.56  # "hardly better than guessing"
    assert one(found, INFERENCE, attack="nearest_neighbour").outcome is Outcome.EXCEEDED
    assert one(found, INFERENCE, attack="nearest_neighbour").synthetic > 0.05


# pitfall 5: the comparison sets are contaminated


def test_a_synthetic_table_made_from_the_holdout_is_no_better_than_perfect(audited):
    real, holdout = patients(1500, 1), patients(1500, 2)
    synthetic = Table.concat([real.take(np.arange(30)), holdout.take(np.arange(1470))])  # 2% are copies of real
    found = audited(real, synthetic, holdout)
    share = one(found, DISTANCE).detail["share_closer_to_real"]
    assert share < 0.05  # the naive audit: far below 0.5, "better than perfect"
    inference = one(found, INFERENCE, attack="nearest_neighbour")
    assert (inference.outcome, inference.reason) == (Outcome.NOT_ESTIMABLE, "synthetic_knows_holdout")
    assert one(found, AREA, attack="nearest_neighbour").value < -0.2
    assert one(found, AREA, attack="nearest_neighbour").outcome is Outcome.EXCEEDED
