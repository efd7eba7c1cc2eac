"""Membership inference: who copies is found, of all rows, outliers and one group alone; who does not is left in peace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from assaymark.checks.privacy import membership
from assaymark.checks.privacy.candidates import choose
from assaymark.checks.privacy.membership import AREA, GROUP, IDS, INFERENCE, OUTLIERS
from assaymark.execution import Run
from assaymark.host.specs import PrivacyClaim
from assaymark.policy.gates import gated_by
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

DENSITY, NEAREST = "density_ratio", "nearest_neighbour"


def independent(table, rows, seed):
    """Every column drawn by itself: nothing but the marginals is learned."""
    rng = np.random.default_rng(seed)
    columns = [column.combine_chunks().take(pa.array(rng.integers(0, table.rows, rows))) for column in table.arrow.columns]
    return Table(pa.table(columns, names=table.arrow.column_names), table.schema)


def some(table, rows, seed):
    return table.take(np.random.default_rng(seed).permutation(table.rows)[:rows])


def noisy(table, share, seed):
    """Copies in which a share of the values was drawn anew."""
    rng = np.random.default_rng(seed)
    columns = []
    for column in table.arrow.columns:
        places = np.where(rng.random(table.rows) < share, rng.integers(0, table.rows, table.rows), np.arange(table.rows))
        columns.append(column.combine_chunks().take(pa.array(places)))
    return Table(pa.table(columns, names=table.arrow.column_names), table.schema)


@pytest.fixture
def findings(row_input):
    return lambda *tables, **more: list(membership.check(row_input(*tables, **more)))


def of(findings, identifier, attack, **scope):
    found = [f for f in findings if f.id == identifier and f.scope.get("attack") == attack]
    found = [f for f in found if all(f.scope.get(key) == value for key, value in scope.items())]
    assert len(found) == 1, [(f.id, dict(f.scope)) for f in findings]
    return found[0]


@pytest.mark.parametrize("attack", [DENSITY, NEAREST])
def test_copies_of_half_the_members_are_found(make_people, findings, attack):
    real, holdout, fresh = make_people(1600, 1), make_people(1600, 2), make_people(5600, 3)
    found = findings(real, Table.concat([some(real, 800, 4), independent(fresh, 5600, 5)]), holdout)  # an eighth are copies
    rate, area = of(found, INFERENCE, attack), of(found, AREA, attack)
    assert rate.outcome is Outcome.EXCEEDED
    assert rate.synthetic == pytest.approx(0.5, abs=0.1)
    assert rate.value == pytest.approx(rate.synthetic - 0.01)
    assert rate.ci[0] < rate.value < rate.ci[1]
    assert area.outcome is Outcome.EXCEEDED
    assert area.synthetic == pytest.approx(0.75, abs=0.03)
    assert rate.detail["auc"] == area.synthetic
    assert rate.n == {"real": 1600, "holdout": 1600}


@pytest.mark.parametrize("attack", [DENSITY, NEAREST])
def test_copies_with_noise_are_found(make_people, findings, attack):
    real, holdout = make_people(1600, 1), make_people(1600, 2)
    found = findings(real, noisy(real, 0.1, 3), holdout)
    assert of(found, INFERENCE, attack).outcome is Outcome.EXCEEDED


@pytest.mark.parametrize("seed", [1, 4, 7])
@pytest.mark.parametrize("attack", [DENSITY, NEAREST])
def test_independent_marginals_give_nobody_away(make_people, findings, seed, attack):
    real, holdout = make_people(1600, seed), make_people(1600, seed + 1)
    found = findings(real, independent(real, 3000, seed + 2), holdout)
    assert of(found, INFERENCE, attack).outcome in {Outcome.WITHIN, Outcome.INCONCLUSIVE}
    assert of(found, AREA, attack).outcome is Outcome.WITHIN
    assert of(found, AREA, attack).synthetic == pytest.approx(0.5, abs=0.03)


def test_fresh_rows_are_hardly_ever_accused(make_people, findings):
    exceeded = dict.fromkeys(IDS, 0)
    areas = []
    for seed in range(100, 160):
        found = findings(make_people(800, seed), make_people(800, seed + 100), make_people(800, seed + 200))
        areas += [f.synthetic for f in found if f.id == AREA]
        for identifier in {f.id for f in found if f.outcome is Outcome.EXCEEDED}:
            exceeded[identifier] += 1
    assert max(exceeded.values()) <= 3
    assert np.mean(areas) == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("attack", [DENSITY, NEAREST])
def test_a_copier_of_one_group_is_found_in_that_group(make_people, findings, attack):
    real, holdout = make_people(2000, 1), make_people(2000, 2)
    women = np.flatnonzero(np.array(real.column("sex").to_pylist()) == "f")
    found = findings(real, Table.concat([real.take(women), independent(real, 3000, 3)]), holdout)
    copied, others = (of(found, GROUP, attack, group=group) for group in ("f", "m"))
    assert copied.outcome is Outcome.EXCEEDED
    assert copied.synthetic > 0.9
    assert others.outcome is not Outcome.EXCEEDED
    assert copied.scope["protected"] == ["sex"]


def test_a_small_group_is_found_when_copied_and_not_accused_when_not(make_people, findings):
    def with_rare(rows, seed):
        table = make_people(rows, seed)
        sex = np.array(table.column("sex").to_pylist(), dtype=object)
        sex[:130] = "x"
        return Table(table.arrow.set_column(table.arrow.column_names.index("sex"), "sex", pa.array(sex)), table.schema)

    real, holdout, fresh = (with_rare(2000, seed) for seed in (1, 2, 3))
    for copied in (True, False):
        rare = real.take(np.arange(130)) if copied else fresh.take(np.arange(130))
        found = findings(real, Table.concat([rare, independent(real, 3000, 4)]), holdout)
        one = of(found, GROUP, NEAREST, group="x")
        if copied:
            assert one.outcome is Outcome.EXCEEDED
        else:
            assert one.outcome in {Outcome.WITHIN, Outcome.NOT_ESTIMABLE}


def test_a_copier_of_lone_rows_is_found_among_the_outliers(make_people, findings):
    def with_lone(rows, seed):
        table = make_people(rows, seed)
        rng = np.random.default_rng(seed)
        lone = np.arange(rows) < 0.05 * rows
        # a job that is rare, whatever it is
        job = np.where(lone, [f"job-{one}" for one in rng.integers(0, 40, rows)], table.column("job").to_pylist())
        return Table(table.arrow.set_column(table.arrow.column_names.index("job"), "job", pa.array(job)), table.schema)

    real, holdout = with_lone(4000, 1), with_lone(4000, 2)
    copies = real.take(np.arange(40))
    found = findings(real, Table.concat([copies, independent(real, 4000, 3)]), holdout)
    lone = of(found, OUTLIERS, NEAREST)
    everyone = of(found, INFERENCE, NEAREST)
    assert lone.synthetic > 4 * everyone.synthetic > 0
    assert lone.outcome is Outcome.EXCEEDED
    assert everyone.outcome is not Outcome.EXCEEDED


def test_rows_of_the_holdout_among_the_synthetic_ones_end_the_measure(make_people, findings):
    real, holdout = make_people(1000, 1), make_people(1000, 2)
    found = findings(real, some(holdout, 900, 3), holdout)
    assert {f.reason for f in found if f.id != AREA} == {"synthetic_knows_holdout"}
    assert of(found, AREA, NEAREST).value < -0.3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"holdout": None}, "no_holdout"),
        ({"disabled": "holdout_overlaps_real"}, "holdout_overlaps_real"),
        ({"holdout": 60}, "too_few_rows"),
        ({"synthetic": 60}, "too_few_synthetic_rows"),
    ],
)
def test_what_cannot_be_measured_says_why(make_people, findings, change, reason):
    sizes = {"real": 500, "synthetic": 500, "holdout": 500} | {k: v for k, v in change.items() if k != "disabled"}
    tables = [None if rows is None else make_people(rows, seed) for seed, rows in enumerate(sizes.values())]
    found = findings(*tables, disabled=change.get("disabled"))
    assert {f.id for f in found} == set(IDS) - {"privacy.dp_claim"}
    assert {(f.outcome, f.reason, f.value) for f in found} == {(Outcome.NOT_ESTIMABLE, reason, None)}


def test_a_table_of_identifiers_alone_has_nothing_to_attack(findings):
    table = Table.from_columns({"id": [str(row) for row in range(500)]}, Schema((Column("id", Kind.IDENTIFIER),)))
    assert {f.reason for f in findings(table, table, table)} == {"no_columns"}


def test_one_seed_gives_one_answer(make_people, findings):
    tables = [make_people(600, seed) for seed in (1, 2, 3)]
    once, again, other = ([f.document() for f in findings(*tables, seed=seed)] for seed in (0, 0, 1))
    assert once == again
    assert once != other


def test_no_small_count_can_be_read(make_people, findings):
    found = findings(*(make_people(700, seed) for seed in (1, 2, 3)))
    for finding in found:
        if finding.id in {INFERENCE, OUTLIERS, GROUP} and finding.synthetic is not None:
            count = finding.synthetic * finding.n["real"]
            assert count >= 10 or finding.synthetic in {
                0.0,
                *(step * k for step in (0.005, 0.01, 0.02, 0.05) for k in range(1, 20)),
            }
        if finding.id == GROUP:
            assert all(rows % 10 == 0 for rows in finding.n.values())


def test_what_so_few_rows_leave_undecided_gates_nothing_and_is_told(make_people, findings, policy):
    found = [f for seed in range(8) for f in findings(*(make_people(240, 3 * seed + part) for part in range(3)), seed=seed)]
    undecided = [f for f in found if f.reason == "too_few_to_bound" and "rate" in f.detail]
    assert undecided
    assert not [f for f in found if f.id in {GROUP, OUTLIERS} and f.outcome is Outcome.INCONCLUSIVE]
    for finding in undecided:
        low, high = finding.detail["rate_ci"]
        assert low <= finding.detail["rate"] <= high
        assert (finding.value, finding.margin) == (None, None)
        assert not gated_by(finding, policy)


def test_candidates_are_equally_many_and_no_row_is_its_own_reference():
    for real, holdout, synthetic in ((900, 301, 50), (100, 5000, 10), (60_000, 50_000, 300_000)):
        found = choose(real, holdout, synthetic, Run(0))
        assert len(found.members) == len(found.others) == len(set(found.members)) == len(set(found.others))
        assert found.members.max() < real
        assert found.others.max() < holdout
        for half in found.halves:
            assert not set(half.others) & set(half.reference)
            assert len(half.others) == len(half.members) <= 10_000
        assert len(found.synthetic) == min(synthetic, 200_000)


def test_a_claim_is_shown_and_contradicted_where_an_attack_says_so(make_people, row_input):
    real, holdout = make_people(1600, 1), make_people(1600, 2)
    claim = PrivacyClaim("Laplace", epsilon=1.0)
    for synthetic, outcome in ((independent(real, 1600, 3), Outcome.SHOWN), (some(real, 1600, 4), Outcome.EXCEEDED)):
        data = replace(row_input(real, synthetic, holdout), claim=claim)
        one = next(f for f in membership.check(data) if f.id == "privacy.dp_claim")
        assert one.outcome is outcome
        assert one.real == pytest.approx(np.e * 0.01)
        assert (one.detail["epsilon"], one.detail["mechanism"]) == (1.0, "Laplace")
    unmeasured = next(f for f in membership.check(replace(row_input(real, real), claim=claim)) if f.id == "privacy.dp_claim")
    assert (unmeasured.outcome, unmeasured.value) == (Outcome.SHOWN, None)
    assert not [f for f in membership.check(row_input(real, real)) if f.id == "privacy.dp_claim"]


def test_adult_and_its_ctgan_sample(row_input, adult):
    found = list(membership.check(row_input(adult.real, adult.synthetic, adult.holdout)))
    for attack in (DENSITY, NEAREST):
        assert of(found, INFERENCE, attack).outcome is Outcome.WITHIN
        assert of(found, AREA, attack).synthetic == pytest.approx(0.5, abs=0.02)
    assert {f.scope["group"] for f in found if f.id == GROUP} >= {"Male", "Female", "White", "Black"}
