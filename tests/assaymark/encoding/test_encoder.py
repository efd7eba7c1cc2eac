"""Numbers and categories as codes and back."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.encoding import TableEncoder
from assaymark.encoding.quantiles import fit_bins, fit_quantiles
from assaymark.errors import ConditionError, ModelFolderError
from assaymark.execution import Run
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table
from assaymark.testing.tables import mixed_table


def table_of(**columns):
    kinds = {str: Kind.CATEGORICAL, np.str_: Kind.CATEGORICAL, int: Kind.INTEGER, np.int64: Kind.INTEGER}
    schema = Schema(tuple(Column(name, kinds.get(type(values[0]), Kind.FLOAT)) for name, values in columns.items()))
    return Table.from_columns(columns, schema)


def back(encoder, table, seed=0):
    return encoder.decode(encoder.encode(table, Run(seed).rng("in")), Run(seed).rng("out")).to_pandas()


@pytest.fixture(scope="module")
def ages():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.integers(18, 80, 6000), [95, 96, 97]])


def test_a_number_of_few_values_comes_back_exactly(ages):
    table = table_of(age=ages, gain=np.where(ages % 3 == 0, 0, ages * 100))
    encoder = TableEncoder.fit(table, bins=256)
    assert encoder.code_names == ("age", "gain")
    assert encoder.number_names == ()
    assert encoder.ordered == (True, True)
    made = back(encoder, table)
    common = ages < 80
    assert (made["age"][common] == ages[common]).all()
    assert (made["gain"][common] == np.where(ages % 3 == 0, 0, ages * 100)[common]).all()
    assert made["age"].max() <= np.sort(ages)[-10]  # the tenth largest, and no lone extreme


def test_a_number_of_many_values_keeps_its_scores_or_gets_equal_bins():
    values = np.random.default_rng(1).normal(size=5000)
    assert TableEncoder.fit(table_of(x=values), bins=256).number_names == ("x",)
    encoder = TableEncoder.fit(table_of(x=values), bins=256, equal=50)
    assert encoder.number_names == ()
    assert 40 <= encoder.cardinalities[0] <= 50
    made = back(encoder, table_of(x=values))["x"]
    assert np.abs(np.sort(made) - np.sort(values))[200:-200].max() < 0.1


def test_bins_hold_ten_rows_at_least_and_are_at_most_as_many_as_asked_for():
    rng = np.random.default_rng(2)
    for values in (rng.integers(0, 3000, 20_000).astype(float), rng.normal(size=3000), np.repeat(np.arange(40.0), 5)):
        bins = fit_bins(values, 64)
        assert len(bins.low) <= 64
        assert np.diff(bins.edges).min() * len(values) >= 9.99


def test_missing_values_of_a_binned_number_come_back(ages):
    values = ages.astype(float)
    values[::7] = np.nan
    made = back(TableEncoder.fit(table_of(x=values), bins=256), table_of(x=values))["x"]
    assert (made.isna() == np.isnan(values)).all()


@pytest.fixture(scope="module")
def cities():
    rng = np.random.default_rng(3)
    city = np.concatenate([np.repeat(np.arange(10_000), 10), rng.integers(0, 10_000, 20_000)])
    return table_of(city=np.char.add("c", city.astype(str)), country=np.char.add("k", (city % 40).astype(str)))


def test_ten_thousand_categories_become_two_narrow_columns_and_come_back(cities):
    encoder = TableEncoder.fit(cities, widest=256)
    assert encoder.code_names == ("city", "city", "country")
    assert max(encoder.cardinalities) <= 100
    made = back(encoder, cities)
    assert (made["city"].to_numpy() == cities.to_pandas()["city"].to_numpy()).all()


def test_the_first_digit_of_a_split_category_says_what_it_depends_on(cities):
    encoder = TableEncoder.fit(cities, widest=256)
    codes = encoder.encode(cities, Run(0).rng("in")).codes
    for digit in range(encoder.cardinalities[0]):
        assert len(np.unique(codes[codes[:, 0] == digit, 2])) <= 2


def test_a_saved_encoder_keeps_the_whole_schema(tmp_path):
    grades = Column("grade", Kind.CATEGORICAL, order=("low", "mid", "high"))
    schema = Schema((grades, Column("paid", Kind.FLOAT, decimals=2)))
    columns = {"grade": ["low", "mid", "high"] * 20, "paid": np.round(np.arange(60) / 7, 2)}
    encoder = TableEncoder.fit(Table.from_columns(columns, schema))
    encoder.save(tmp_path)
    assert TableEncoder.load(tmp_path).schema == encoder.schema == schema


def test_a_split_encoder_is_saved(cities, tmp_path):
    encoder = TableEncoder.fit(cities, widest=256)
    encoder.save(tmp_path)
    assert back(TableEncoder.load(tmp_path), cities).equals(back(encoder, cities))
    text = (tmp_path / "encoder.json").read_text()
    (tmp_path / "encoder.json").write_text(text.replace('"bases": [100, 100]', '"bases": [100, 10]'))
    with pytest.raises(ModelFolderError):
        TableEncoder.load(tmp_path)


def test_conditions_name_codes(cities, ages):
    encoder = TableEncoder.fit(cities, widest=256)
    found = encoder.conditions({"city": "c77", "country": "k37"})
    assert [column for column, _ in found] == [0, 1, 2]
    row = encoder.encode(cities, Run(0).rng("in")).codes[770]  # the first row of c77
    assert [code for _, code in found] == row.tolist()
    numbers = TableEncoder.fit(table_of(age=ages), bins=256)
    assert numbers.conditions({"age": "40"}) == numbers.conditions({"age": 40.0})
    for value in (96, 12):
        with pytest.raises(ConditionError):
            numbers.conditions({"age": value})


def test_conditions_that_exclude_each_other_are_refused():
    encoder = TableEncoder.fit(mixed_table(600, seed=1))
    where = {"sex": "Female", "approved": "yes"}
    encoder.refuse_contradiction(where, together=0.15)
    encoder.refuse_contradiction(where, together=0.017)  # ten rows
    with pytest.raises(ConditionError, match="contradict"):
        encoder.refuse_contradiction(where, together=1e-6)
    encoder.refuse_contradiction({"sex": "Female"}, together=1e-6)


@pytest.mark.parametrize("least", [10, 40])
@pytest.mark.parametrize("step", [None, 1.0, 0.01])
def test_no_knot_is_a_value_of_few_rows(least, step):
    rng = np.random.default_rng(6)
    scattered = rng.uniform(0, 1e9, 700)
    values = np.concatenate([scattered, np.repeat(rng.choice(scattered, 30, replace=False), 12), rng.uniform(0, 1e9, 700)])
    values = values if step is None else np.round(values / step) * step
    distinct, counts = np.unique(values, return_counts=True)
    found = fit_quantiles(values, least, step)
    knots = np.concatenate([found.low, found.high])
    assert not np.isin(knots, distinct[counts < 10]).any()
    assert (found.low <= found.high).all()
    assert (np.diff(found.low) >= 0).all()
    if step is not None:
        assert np.allclose(knots / step, np.round(knots / step), atol=1e-4)
    # each common value, and so nearly each row, is still found in the segment that it belongs to
    flat = np.flatnonzero(found.low == found.high)
    if least == 10:
        assert np.isin(distinct[counts >= least], found.low[flat]).all()
    assert (found.segments(found.low[flat]) == flat).all()
    held = np.bincount(found.segments(values), minlength=len(found.low)) / len(values)
    assert np.abs(np.cumsum(held) - found.edges[1:]).max() < 3 / len(values)


def test_a_number_that_few_rows_have_is_not_produced():
    values = np.full(300, np.nan)
    values[:9] = np.arange(9) + 0.5
    encoder = TableEncoder.fit(table_of(x=values, y=np.arange(300)))
    assert back(encoder, table_of(x=values, y=np.arange(300)))["x"].isna().all()
    assert any("x:" in note for note in encoder.notes)
