"""What the generators learn, against independent statistics."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assaymark.errors import BudgetError
from assaymark.execution import Run
from assaymark.host.registry import load_registry, open_generator
from assaymark.tables.schema import Column, Kind, Role, Schema
from assaymark.tables.table import Table
from assaymark.testing.tables import mixed_table


def made(name, table, count, config=None, run=None):
    generator = open_generator(load_registry().generator(name), config or {})
    fitted = generator.fit(table, table.schema, run or Run(0))
    return Table.concat(list(fitted.sample(count, Run(0)))).to_pandas(), fitted


def test_copula_keeps_every_margin():
    table = mixed_table(5000, seed=2)
    real, synthetic = table.to_pandas(), made("copula", table, 5000)[0]
    for column in ("age", "income"):
        assert stats.ks_2samp(real[column].dropna(), synthetic[column].dropna()).statistic < 0.035
        assert abs(real[column].isna().mean() - synthetic[column].isna().mean()) < 0.02
    for column in ("sex", "member", "approved"):
        difference = real[column].value_counts(normalize=True) - synthetic[column].value_counts(normalize=True)
        assert difference.abs().max() < 0.03


def test_copula_keeps_an_exclusive_or():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, 4000), rng.integers(0, 2, 4000)
    columns = {"a": a.astype(str), "b": b.astype(str), "c": (a ^ b).astype(str)}
    schema = Schema(tuple(Column(name, Kind.CATEGORICAL) for name in columns))
    frame, _ = made("copula", Table.from_columns(columns, schema), 4000)
    assert ((frame["a"].astype(int) ^ frame["b"].astype(int)) == frame["c"].astype(int)).mean() > 0.98


def test_copula_keeps_rank_correlations():
    rng = np.random.default_rng(1)
    values = rng.multivariate_normal([0, 0, 0], [[1, 0.8, -0.4], [0.8, 1, -0.2], [-0.4, -0.2, 1]], 6000)
    schema = Schema(tuple(Column(name, Kind.FLOAT) for name in "xyz"))
    frame, _ = made("copula", Table.from_columns(dict(zip("xyz", values.T, strict=True)), schema), 6000)
    expected, found = stats.spearmanr(values).statistic, stats.spearmanr(frame[["x", "y", "z"]]).statistic
    assert np.abs(expected - found).max() < 0.05


def test_copula_keeps_selection_rates_by_group():
    table = mixed_table(8000, seed=4)
    real, synthetic = table.to_pandas(), made("copula", table, 8000)[0]
    for sex in ("Female", "Male"):
        rates = [(frame[frame["sex"] == sex]["approved"] == "yes").mean() for frame in (real, synthetic)]
        assert abs(rates[0] - rates[1]) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize(("name", "config"), [("gan", {"steps": 400, "width": 64}), ("diffusion", {"steps": 400, "width": 64})])
def test_networks_learn_a_strong_dependence(name, config):
    rng = np.random.default_rng(2)
    a = rng.integers(0, 2, 3000)
    b = np.where(rng.random(3000) < 0.95, a, 1 - a)
    x = rng.normal(size=3000) + 3 * a
    schema = Schema(
        (Column("a", Kind.CATEGORICAL, frozenset({Role.TARGET})), Column("b", Kind.CATEGORICAL), Column("x", Kind.FLOAT))
    )
    frame, _ = made(name, Table.from_columns({"a": a.astype(str), "b": b.astype(str), "x": x}, schema), 3000, config)
    assert (frame["a"] == frame["b"]).mean() > 0.85
    assert frame[frame["a"] == "1"]["x"].mean() - frame[frame["a"] == "0"]["x"].mean() > 1.5


@pytest.mark.parametrize("name", ["gan", "diffusion"])
def test_a_budget_ends_the_fit_early_and_says_so(name):
    ticks = iter(range(100_000))
    run = Run(0, budget=400.5, clock=lambda: float(next(ticks)))
    _, fitted = made(name, mixed_table(200, seed=5), 10, {"steps": 1000, "width": 32}, run)
    assert any("not reproducible" in note for note in fitted.notes)


@pytest.mark.parametrize("name", ["gan", "diffusion"])
def test_a_budget_that_is_long_enough_changes_nothing(name):
    table = mixed_table(200, seed=5)
    free, _ = made(name, table, 50, {"steps": 30, "width": 32})
    bounded, fitted = made(name, table, 50, {"steps": 30, "width": 32}, Run(0, budget=3600.0))
    assert free.equals(bounded)
    assert not any("not reproducible" in note for note in fitted.notes)


@pytest.mark.parametrize("name", ["gan", "diffusion"])
def test_a_budget_too_short_for_anything_is_refused(name):
    with pytest.raises(BudgetError):
        made(name, mixed_table(200, seed=5), 10, {"steps": 1000, "width": 32}, Run(0, budget=1e-9))


def test_diffusion_keeps_correlations_of_numbers_beside_a_single_code_column():
    rng = np.random.default_rng(3)
    values = rng.multivariate_normal([0, 0, 0], [[1, 0.9, -0.6], [0.9, 1, -0.5], [-0.6, -0.5, 1]], 4000)
    columns = {**dict(zip("xyz", values.T, strict=True)), "sign": np.where(values[:, 0] > 0, "plus", "minus")}
    schema = Schema(tuple(Column(name, Kind.CATEGORICAL if name == "sign" else Kind.FLOAT) for name in columns))
    frame, _ = made("diffusion", Table.from_columns(columns, schema), 4000, {"steps": 500, "width": 64})
    expected, found = np.corrcoef(values.T), np.corrcoef(frame[["x", "y", "z"]].T)
    assert np.abs(expected - found).max() < 0.06
    assert frame[["x", "y", "z"]].std().min() > 0.9
    assert ((frame["x"] > 0) == (frame["sign"] == "plus")).mean() > 0.93
