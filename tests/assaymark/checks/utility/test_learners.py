"""The learners against scikit-learn's own pipeline, and their coding of rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from assaymark.checks.utility.features import LEVELS, Part, Training, training_of
from assaymark.checks.utility.learners import LEARNERS, BoostedTrees, Linear
from assaymark.tables.groups import outcome
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table


def part(table, rows=None):
    rows = np.arange(table.rows) if rows is None else rows
    return Part(table, rows, outcome(table)[rows] == 1)


def test_the_linear_model_is_that_of_scikit_learn(make_people):
    real, holdout = make_people(2000, 1, missing=0.0), make_people(500, 2, missing=0.0)
    training = training_of([part(real)], part(holdout), real.schema)
    frames = [table.to_pandas() for table in (real, holdout)]
    for frame in frames:
        frame["hired"] = frame["hired"].astype("int64")
    encode = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["age", "wage", "hired"]),
            ("categories", OneHotEncoder(handle_unknown="ignore"), ["job", "sex"]),
        ]
    )
    theirs = make_pipeline(encode, LogisticRegression(solver="lbfgs", C=1.0, tol=1e-10, max_iter=5000))
    theirs.fit(frames[0], training.truth)
    assert Linear().scores(training, 0) == pytest.approx(theirs.predict_proba(frames[1])[:, 1], abs=2e-5)


def test_rare_categories_merge_and_missing_values_have_an_indicator():
    codes = np.repeat([0.0, 1.0, 2.0, 3.0, np.nan], [100, 60, 19, 5, 7])
    numbers = np.where(np.arange(len(codes)) % 9 == 0, np.nan, np.arange(len(codes), dtype=float))
    features = np.column_stack([codes, numbers])
    tested = np.array([[0.0, 1.0], [2.0, np.nan], [3.0, 2.0], [np.nan, 3.0]])
    training = Training(features, np.zeros(len(codes), dtype=bool), tested, np.array([True, False]))
    design, other = Linear().design(training)
    assert design[:, :4].sum(axis=0).tolist() == [100, 60, 24, 7]  # two levels, the rest, missing
    assert other[:, :4].tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    present = ~np.isnan(numbers)
    assert design[present, 4].mean() == pytest.approx(0, abs=1e-12)
    assert design[present, 4].std() == pytest.approx(1)
    assert other[1, 4:].tolist() == [0, 1]


def test_a_constant_column_and_wide_tables_are_survived():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 200, (3000, 20)).astype(float)
    features = np.column_stack([codes, np.full(3000, 7.0)])
    truth = codes[:, 0] < 100
    training = Training(features, truth, features[:200], np.array([True] * 20 + [False]))
    design, _ = Linear().design(training)
    assert design.shape[1] <= 20 * 22 + 1  # 400 indicators in all, and two more a column
    assert not design[:, -1].any()
    learner = Linear()
    learner.most_products = 1500.0 * design.shape[1] ** 2
    first, again, other = (learner.scores(training, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)  # it learned from another half of the rows


def test_trees_learn_an_interaction_that_the_linear_model_cannot():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4000, 2))
    truth = (features[:, 0] > 0) ^ (features[:, 1] > 0)
    training = Training(features, truth, features, np.array([False, False]))
    trees, linear = ((learner.scores(training, 0) >= 0.5) == truth for learner in (BoostedTrees(), Linear()))
    assert trees.mean() > 0.95
    assert linear.mean() < 0.7


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_a_learner_keeps_its_contract(learner, make_people):
    real, holdout = make_people(500, 1), make_people(200, 2)
    training = training_of([part(real)], part(holdout), real.schema)
    before = training.features.copy()
    scores = learner.scores(training, 3)
    assert scores.shape == (200,)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert np.array_equal(scores, learner.scores(training, 3))
    assert np.array_equal(before, training.features, equal_nan=True)
    assert learner.seeded == (not np.array_equal(scores, learner.scores(training, 4)))


def test_codes_come_from_training_rows_alone():
    schema = Schema(
        (Column("c", Kind.CATEGORICAL), Column("t", Kind.CATEGORICAL, frozenset({Role.TARGET}))), Positive(literal="1")
    )

    def table(values):
        return Table.from_columns({"c": values, "t": ["1", "0"] * (len(values) // 2)}, schema)

    one = table(["b", "d", None, "b"])
    two = table(["a", "d"])
    tested = table(["a", "b", "c", "d"])
    nan = np.nan
    alone = training_of([part(one)], part(tested), schema)
    np.testing.assert_array_equal(alone.features[:, 0], [0, 1, nan, 0])
    np.testing.assert_array_equal(alone.tested[:, 0], [nan, 0, nan, 1])
    both = training_of([part(one, np.array([0, 1])), part(two)], part(tested), schema)
    np.testing.assert_array_equal(both.features[:, 0], [1, 2, 0, 2])
    np.testing.assert_array_equal(both.tested[:, 0], [0, 1, nan, 2])
    many = table([str(value) for value in range(600)] + ["0"] * 10)
    assert np.nanmax(training_of([part(many)], part(tested), schema).features) == LEVELS - 1
