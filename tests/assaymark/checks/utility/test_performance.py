"""Utility: a good sample keeps it, a scrambled one loses it, and what cannot be learned is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from assaymark.checks.utility import performance as utility
from assaymark.checks.utility.learners import holdout_predictions, predictors, unlearnable
from assaymark.execution import Run
from assaymark.results.findings import Outcome
from assaymark.tables.groups import outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table


@pytest.fixture(scope="module")
def tables(make_people):
    return make_people(1500, 1), make_people(1500, 2), make_people(1200, 3)


def of(findings, identifier):
    return next(finding for finding in findings if finding.id == identifier)


def retargeted(table, values):
    return Table.from_arrow(table.arrow.set_column(table.names.index("paid"), "paid", [list(values)]), table.schema)


def test_a_fresh_sample_keeps_utility(tables, row_input):
    findings = list(utility.check(row_input(*tables)))
    assert of(findings, utility.AUC).outcome is Outcome.WITHIN
    assert of(findings, utility.AUC).real > 0.8
    assert of(findings, utility.ACCURACY).outcome in {Outcome.WITHIN, Outcome.INCONCLUSIVE}
    assert of(findings, utility.AUC).scope == {"target": "paid", "positive": "yes"}
    assert of(findings, utility.AUC).detail["protected_predictors"] == ["sex"]


def test_scrambled_targets_lose_it(tables, row_input):
    real, synthetic, holdout = tables
    labels = synthetic.arrow.column("paid").to_pylist()
    scrambled = retargeted(synthetic, np.random.default_rng(0).permutation(labels))
    findings = list(utility.check(row_input(real, scrambled, holdout)))
    for identifier in utility.IDS:
        finding = of(findings, identifier)
        assert finding.outcome is Outcome.EXCEEDED
        assert finding.value == pytest.approx(finding.synthetic - finding.real)
        assert finding.ci[0] < finding.value < finding.ci[1] < -finding.margin
    assert of(findings, utility.AUC).synthetic == pytest.approx(0.5, abs=0.08)


def test_scores_are_those_of_the_predictions(tables, row_input):
    real, synthetic, holdout = tables
    found = holdout_predictions(real, holdout, synthetic, Run(0))
    truth = outcome(holdout, real.schema)
    assert np.array_equal(found.truth, truth)
    findings = list(utility.check(replace(row_input(*tables), predictions=found)))
    assert of(findings, utility.AUC).real == pytest.approx(roc_auc_score(truth, found.real_scores), abs=1e-12)
    assert of(findings, utility.AUC).synthetic == pytest.approx(roc_auc_score(truth, found.synthetic_scores), abs=1e-12)
    assert of(findings, utility.ACCURACY).real == pytest.approx(accuracy_score(truth, found.real_labels))
    assert of(findings, utility.ACCURACY).synthetic == pytest.approx(accuracy_score(truth, found.synthetic_scores >= 0.5))


def test_given_predictions_are_used_and_missing_truth_is_left_out(tables, row_input):
    real, synthetic, holdout = tables
    found = holdout_predictions(real, holdout, synthetic, Run(0))
    blind = replace(found, truth=np.where(np.arange(holdout.rows) < 200, -1, found.truth).astype(np.int8))
    findings = list(utility.check(replace(row_input(*tables), predictions=blind)))
    assert of(findings, utility.AUC).n["holdout"] == holdout.rows - 200
    assert of(findings, utility.AUC).real == pytest.approx(roc_auc_score(found.truth[200:], found.real_scores[200:]))


def test_predictions_repeat_and_swap_with_the_tables(tables):
    real, synthetic, holdout = tables
    first, again = (holdout_predictions(real, holdout, synthetic, Run(7)) for _ in range(2))
    swapped = holdout_predictions(synthetic, holdout, real, Run(7))
    assert np.array_equal(first.real_scores, again.real_scores)
    assert np.array_equal(first.synthetic_scores, again.synthetic_scores)
    assert np.array_equal(first.real_scores, swapped.synthetic_scores)


def test_unseen_and_very_many_categories_read_as_missing(make_people):
    real, synthetic, holdout = make_people(600, 1), make_people(600, 2), make_people(300, 3)
    place = real.names.index("job")
    many = Table.from_arrow(synthetic.arrow.set_column(place, "job", [[f"job {row}" for row in range(600)]]), real.schema)
    new = Table.from_arrow(holdout.arrow.set_column(place, "job", [["never seen"] * 300]), real.schema)
    gone = Table.from_arrow(holdout.arrow.set_column(place, "job", [[None] * 300]), real.schema)
    first, second = (holdout_predictions(real, other, many, Run(0)) for other in (new, gone))
    assert np.array_equal(first.real_scores, second.real_scores)
    assert np.array_equal(first.synthetic_scores, second.synthetic_scores)
    assert np.isfinite(first.synthetic_scores).all()


def test_columns_that_are_always_missing_do_not_matter(make_people):
    real, synthetic, holdout = make_people(400, 1), make_people(400, 2), make_people(200, 3)
    columns = {name: synthetic.arrow.column(name).to_pylist() for name in synthetic.names}
    empty = Table.from_columns(columns | {"wage": [None] * 400, "job": [None] * 400}, real.schema)
    found = holdout_predictions(real, holdout, empty, Run(0))
    assert np.isfinite(found.synthetic_scores).all()
    known = [name for name in real.names if name not in {"wage", "job"}]
    fewer = holdout_predictions(real.select(known), holdout.select(known), empty.select(known), Run(0))
    assert np.array_equal(found.synthetic_scores, fewer.synthetic_scores)


def test_what_cannot_be_learned_is_said(tables, row_input, make_table):
    real, synthetic, holdout = tables
    assert {f.reason for f in utility.check(row_input(real, synthetic))} == {"no_holdout"}
    one = retargeted(synthetic, ["no"] * synthetic.rows)
    assert {f.reason for f in utility.check(row_input(real, one, holdout))} == {"one_class"}
    assert holdout_predictions(real, holdout, one, Run(0)) is None
    plain = make_table(a=["x", "y"])
    assert {f.reason for f in utility.check(row_input(plain, plain, plain))} == {"no_target"}
    alone = Schema(tuple(real.schema[name] for name in ("id", "paid")), real.schema.positive)
    assert unlearnable(Table(real.arrow.select(["id", "paid"]), alone), synthetic) == "no_predictors"


def test_small_holdouts_are_not_estimable(tables, row_input):
    real, synthetic, holdout = tables
    truth = outcome(holdout, real.schema)
    rare = holdout.take(np.concatenate([np.flatnonzero(truth == 1)[:29], np.flatnonzero(truth == 0)[:300]]))
    findings = list(utility.check(row_input(real, synthetic, rare)))
    assert of(findings, utility.AUC).reason == "too_few_positives"
    assert of(findings, utility.ACCURACY).reason is None
    few = list(utility.check(row_input(real, synthetic, holdout.take(np.arange(99)))))
    assert of(few, utility.ACCURACY).reason == "too_few_rows"


def test_predictors_leave_out_identifiers_text_and_target(tables):
    schema = tables[0].schema
    assert [column.name for column in predictors(schema)] == ["age", "wage", "job", "sex", "hired"]
    assert predictors(Schema((Column("t", Kind.TEXT),))) == ()


def test_adult_and_its_ctgan_sample(adult, row_input):
    findings = list(utility.check(row_input(adult.real, adult.synthetic, adult.holdout)))
    assert of(findings, utility.AUC).real == pytest.approx(0.927, abs=0.003)
    assert of(findings, utility.AUC).synthetic == pytest.approx(0.893, abs=0.006)
    assert of(findings, utility.AUC).outcome is Outcome.WITHIN
