"""Verbatim rows: copiers are found, honest generators are not, and a contaminated holdout is no baseline."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.coding import row_keys
from assaymark.checks.privacy import replay as privacy
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table


def verbatim(findings):
    return next(finding for finding in findings if finding.id == privacy.VERBATIM)


def overlap(findings):
    return next(finding for finding in findings if finding.id == privacy.OVERLAP)


def shuffled(table, seed):
    return table.take(np.random.default_rng(seed).permutation(table.rows))


def test_a_copy_of_real_exceeds(make_people, row_input):
    real, holdout = make_people(3000, 1), make_people(1000, 2)
    finding = verbatim(privacy.check(row_input(real, shuffled(real, 3), holdout)))
    assert finding.outcome is Outcome.EXCEEDED
    assert (finding.synthetic, finding.real, finding.value) == (1.0, 0.0, 1.0)


def test_identifiers_do_not_hide_a_copy(make_people, row_input):
    real = make_people(500, 1)
    renamed = Table.from_arrow(
        real.arrow.set_column(0, "id", [[f"new-{row}" for row in range(real.rows)]]),
        real.schema,
    )
    assert verbatim(privacy.check(row_input(real, renamed, make_people(500, 2)))).synthetic == 1.0


def test_a_fresh_sample_stays_within(make_people, row_input):
    real, synthetic, holdout = (make_people(3000, seed) for seed in (1, 2, 3))
    finding = verbatim(privacy.check(row_input(real, synthetic, holdout)))
    assert finding.outcome is Outcome.WITHIN
    assert finding.value == pytest.approx(0.0, abs=0.001)
    assert finding.margin == 0.005


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_a_share_of_copies_is_measured(make_people, row_input, share):
    real, fresh, holdout = make_people(3000, 1), make_people(2000, 2), make_people(1500, 3)
    copies = int(share * 2000)
    synthetic = Table.concat([real.take(np.arange(copies)), fresh.take(np.arange(2000 - copies))])
    finding = verbatim(privacy.check(row_input(real, synthetic, holdout)))
    assert finding.outcome is Outcome.EXCEEDED
    assert finding.value == pytest.approx(share, abs=0.002)
    assert finding.ci[0] < share < finding.ci[1]


def bits(rows, seed, width=3):
    drawn = np.random.default_rng(seed).integers(0, 2, (width, rows)).astype(str)
    schema = Schema(tuple(Column(f"b{place}", Kind.CATEGORICAL) for place in range(width)))
    return Table.from_columns({f"b{place}": list(drawn[place]) for place in range(width)}, schema)


def test_common_rows_that_repeat_by_chance_do_not_exceed(row_input):
    finding = verbatim(privacy.check(row_input(bits(2000, 1), bits(2000, 2), bits(500, 3))))
    assert finding.synthetic == 1.0
    assert finding.outcome is Outcome.WITHIN


def test_partly_repeating_rows_hardly_ever_exceed(row_input):
    real = bits(600, 1, width=10)  # 44% of fresh rows occur among them
    outcomes = [
        verbatim(privacy.check(row_input(real, bits(600, 2 * seed, width=10), bits(150, 2 * seed + 1, width=10)))).outcome
        for seed in range(1, 60)
    ]
    assert outcomes.count(Outcome.EXCEEDED) == 0
    assert outcomes.count(Outcome.WITHIN) > 15


def test_a_holdout_that_is_real_disables_the_measure(make_people, row_input):
    real = make_people(1000, 1)
    reason = privacy.overlap_problem(real, shuffled(real, 2).take(np.arange(200)))
    assert reason == "holdout_overlaps_real"
    findings = list(privacy.check(row_input(real, real, real.take(np.arange(200)), disabled=reason)))
    assert (verbatim(findings).outcome, verbatim(findings).reason) == (Outcome.NOT_ESTIMABLE, reason)
    assert verbatim(findings).value is None
    assert (overlap(findings).outcome, overlap(findings).value) == (Outcome.SHOWN, 1.0)
    assert overlap(findings).detail["problem"] == reason


def test_some_real_rows_in_the_holdout_are_enough(make_people):
    real, fresh = make_people(3000, 1), make_people(600, 2)
    assert privacy.overlap_problem(real, fresh) is None
    assert privacy.overlap_problem(real, Table.concat([fresh, real.take(np.arange(40))])) == privacy.OVERLAPS


def test_a_table_that_repeats_itself_is_no_overlap():
    alarms = 0
    for seed in range(200):
        table = bits(500, seed, width=9)
        alarms += privacy.overlap_problem(table.take(np.arange(400)), table.take(np.arange(400, 500))) is not None
    assert alarms <= 2


def test_without_a_holdout_a_count_is_shown_unless_small(make_people, row_input):
    real = make_people(1000, 1)
    shown = [verbatim(privacy.check(row_input(real, real.take(np.arange(count))))) for count in (9, 10)]
    assert [finding.detail["verbatim_rows"] for finding in shown] == [None, 10]
    assert {(finding.outcome, finding.reason) for finding in shown} == {(Outcome.NOT_ESTIMABLE, "no_holdout")}
    assert overlap(privacy.check(row_input(real, real))).reason == "no_holdout"


def test_small_counts_of_real_rows_stay_hidden(make_people, row_input):
    real, synthetic, fresh = (make_people(1000, seed) for seed in (1, 2, 3))
    holdout = Table.concat([fresh, real.take(np.arange(7))])
    findings = list(privacy.check(row_input(real, synthetic, holdout)))
    assert verbatim(findings).real is None
    assert verbatim(findings).value == round(-7 / 1007, 3)
    assert overlap(findings).detail["holdout"] is None
    text = str([finding.document() for finding in findings])
    assert str(7 / 1007)[:7] not in text


def test_a_table_of_identifiers_alone_has_nothing_to_compare(row_input):
    table = Table.from_columns({"id": ["a", "b"]}, Schema((Column("id", Kind.IDENTIFIER),)))
    assert {finding.reason for finding in privacy.check(row_input(table, table, table))} == {"no_columns"}
    assert privacy.overlap_problem(table, table) is None


def test_adult_and_its_ctgan_sample(shared_data, row_input, adult):
    data = row_input(adult.real, adult.synthetic, adult.holdout)
    assert privacy.overlap_problem(adult.real, adult.holdout) is None
    finding = verbatim(privacy.check(data))
    assert finding.outcome is Outcome.WITHIN
    assert finding.real == pytest.approx(23 / 16281)
    assert finding.synthetic == 0.0


# --- keys


def mixed(rows, seed):
    rng = np.random.default_rng(seed)
    kinds = [Kind.INTEGER, Kind.FLOAT, Kind.CATEGORICAL, Kind.BOOLEAN, Kind.DATETIME]
    schema = Schema(tuple(Column(kind.value, kind) for kind in kinds))

    def holey(values):
        return [None if gone else value for value, gone in zip(values, rng.random(rows) < 0.2, strict=True)]

    columns = {
        "integer": holey((2**53 + rng.integers(0, 2, rows)).tolist()),
        "float": holey(rng.choice([0.0, -0.0, 0.1, 0.1 + 2**-54], rows).tolist()),
        "categorical": holey(rng.choice(["1", "1.0", "a", ""], rows).tolist()),
        "boolean": holey((rng.random(rows) < 0.5).tolist()),
        "datetime": holey([np.datetime64(int(us), "us").item() for us in rng.integers(0, 2, rows)]),
    }
    return Table.from_columns(columns, schema)


def test_keys_are_equal_exactly_when_rows_are():
    tables = [mixed(300, 1), mixed(200, 2)]
    keys = np.concatenate(row_keys(tables, tables[0].schema.columns))
    rows = []
    for table in tables:
        for row in table.arrow.to_pylist():
            label = None if row["categorical"] is None else row["categorical"].replace("1.0", "1")
            number = None if row["float"] is None else row["float"] + 0.0
            rows.append((row["integer"], number, label, row["boolean"], row["datetime"]))
    expected = np.array([rows.index(row) for row in rows])
    assert np.array_equal(keys[:, None] == keys[None, :], expected[:, None] == expected[None, :])


def test_keys_stay_exact_when_the_space_of_combinations_is_huge():
    rng = np.random.default_rng(3)
    names = [f"n{place}" for place in range(40)]
    schema = Schema(tuple(Column(name, Kind.INTEGER) for name in names))
    base = {name: rng.integers(0, 10**9, 500) for name in names}
    first = Table.from_columns(base, schema)
    changed = dict(base)
    changed["n0"] = base["n0"] + (np.arange(500) % 2)
    ours, theirs = row_keys([first, Table.from_columns(changed, schema)], schema.columns)
    assert len(np.unique(ours)) == 500
    assert np.array_equal(ours == theirs, np.arange(500) % 2 == 0)


def test_margin_is_never_below_what_the_sizes_can_tell(row_input, policy):
    finding = verbatim(privacy.check(row_input(bits(600, 1, width=10), bits(600, 2, width=10), bits(150, 3, width=10))))
    share = finding.real
    assert finding.null == pytest.approx(1.96 * np.sqrt(share * (1 - share) * (1 / 600 + 1 / 150)), rel=0.1)
    assert finding.margin == finding.null > policy.margin(privacy.VERBATIM)


def test_a_small_table_without_any_copy_stays_within(make_people, row_input):
    finding = verbatim(privacy.check(row_input(make_people(200, 1), make_people(200, 2), make_people(50, 3))))
    assert (finding.value, finding.outcome) == (0.0, Outcome.WITHIN)
    copied = Table.concat([make_people(190, 2), make_people(200, 1).take(np.arange(10))])
    assert verbatim(privacy.check(row_input(make_people(200, 1), copied, make_people(50, 3)))).outcome is not Outcome.WITHIN
