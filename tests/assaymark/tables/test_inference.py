"""What columns are told to be."""

from __future__ import annotations

import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.errors import NotFiniteError
from assaymark.tables.inference import infer_schema
from assaymark.tables.reading import RawTable
from assaymark.tables.schema import Column, Kind


def infer(values, name="x"):
    """Infer one column; lists of text stand for CSV, Arrow arrays for Parquet."""
    array = pa.array(values, pa.string()) if isinstance(values, list) else values
    return infer_schema(RawTable(None, pa.table({name: array}), "", "csv"))[name]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "+3", None], Kind.INTEGER),
        (["1.0", "2.00", "3."], Kind.INTEGER),
        (["1e3", "2"], Kind.INTEGER),
        (["1.5", "2", "-.25", "1e-3"], Kind.FLOAT),
        (["99999999999999999999", "5"], Kind.FLOAT),
        (["9223372036854775807", "1"], Kind.INTEGER),
        (["01234", "90210"], Kind.CATEGORICAL),
        (["true", "FALSE", None], Kind.BOOLEAN),
        (["True", "yes"], Kind.CATEGORICAL),
        (["yes", "no"], Kind.CATEGORICAL),
        (["1", "2", "many"], Kind.CATEGORICAL),
        (["0x10", "0x11"], Kind.CATEGORICAL),
        (["1_000", "2_000"], Kind.CATEGORICAL),
        (["\u0661", "\u0662"], Kind.CATEGORICAL),
        (["inf", "Infinity"], Kind.CATEGORICAL),
        ([None, None], Kind.CATEGORICAL),
        (["2020-01-31", "2020-12-01"], Kind.DATETIME),
        (["2020-02-30", "2020-12-01"], Kind.CATEGORICAL),
    ],
)
def test_kinds(values, kind):
    assert infer(values).kind is kind


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (pa.array([1, 2], pa.int64()), Kind.INTEGER),
        (pa.array([1.0, None, 2.0]), Kind.INTEGER),
        (pa.array([1.5, 2.0]), Kind.FLOAT),
        (pa.array([True, None]), Kind.BOOLEAN),
        (pa.array([0, 1], pa.timestamp("us")), Kind.DATETIME),
    ],
)
def test_typed_columns(array, kind):
    assert infer(array).kind is kind


@pytest.mark.parametrize(
    ("values", "decimals"),
    [(["1.50", "2"], 1), (["0.285", "1.2"], 3), (["1.123456789"], None), (["0.1", "1e-8"], 8), (["12345678.12", "0.5"], 2)],
)
def test_decimals(values, decimals):
    assert infer(values) == Column("x", Kind.FLOAT, decimals=decimals)


@given(st.lists(st.decimals(-10_000, 10_000, places=3), min_size=1), st.just("0.125"))
def test_decimals_are_those_that_values_fit_in(values, extra):
    column = infer([str(value) for value in values] + [extra])
    numbers = np.array([float(value) for value in values])
    assert column.decimals == 3
    assert (np.round(numbers, column.decimals) == numbers).all()


@pytest.mark.parametrize(
    ("values", "layout"),
    [
        (["2020-01-31"], "%Y-%m-%d"),
        (["2020-01-31 10:20:30"], "%Y-%m-%d %H:%M:%S"),
        (["2020-01-31T10:20:30Z"], "%Y-%m-%dT%H:%M:%SZ"),
        (["2020-01-31 10:20:30.5"], "%Y-%m-%d %H:%M:%S.%f"),
        (["31.12.2020", "1.2.2020"], "%d.%m.%Y"),
        (["12/31/2020", "01/02/2020"], "%m/%d/%Y"),
        (["31/12/2020", "01/02/2020"], "%d/%m/%Y"),
        (["01/02/2020"], "%m/%d/%Y"),
    ],
)
def test_layouts(values, layout):
    assert infer(values) == Column("x", Kind.DATETIME, layout=layout)


@pytest.mark.parametrize("values", [["1.5", "inf", "2"], ["1", "-Infinity"], ["2.5", "1e400"]])
def test_infinite_numbers_are_refused(values):
    with pytest.raises(NotFiniteError) as caught:
        infer([None, *values], "gain")
    error = caught.value
    row = next(place for place, text in enumerate(values) if "nf" in text or "400" in text) + 2
    assert error.code == "AM213"
    assert error.where == f"column 'gain', data row {row}"
    assert "--drop" in error.remedy


def test_infinite_typed_numbers_are_refused():
    with pytest.raises(NotFiniteError):
        infer(pa.array([1.0, float("inf")]))


RNG = np.random.default_rng(5)
UNIQUE = [str(value) for value in RNG.permutation(900_000)[:1000] + 12_000]


@pytest.mark.parametrize("name", ["fnlwgt", "income", "amount_paid", "covid", "grid", "valid", "Idaho", "balance", "keynote"])
def test_unique_integers_are_no_identifiers(name):
    assert infer(UNIQUE, name).kind is Kind.INTEGER


@pytest.mark.parametrize(
    "name", ["id", "customerID", "PassengerId", "user_id", "row.number", "patient_nbr", "userid", "Key", "Unnamed"]
)
def test_unique_integers_that_are_called_so_are_identifiers(name):
    assert infer(UNIQUE, name).kind is Kind.IDENTIFIER


def test_an_unbroken_run_is_an_identifier():
    run = [str(value) for value in RNG.permutation(500)]
    assert infer(run, "x").kind is Kind.IDENTIFIER
    assert infer([*run, "499"], "x").kind is Kind.INTEGER
    assert infer([str(value) for value in range(18, 90)], "age").kind is Kind.INTEGER


def test_a_repeated_id_is_a_number():
    assert infer([str(value % 30) for value in range(500)], "store_id").kind is Kind.INTEGER


def test_strings_that_name_rows_are_identifiers():
    assert infer([str(uuid.UUID(int=value)) for value in range(5)]).kind is Kind.IDENTIFIER
    assert infer(["ann@example.org", "bob@example.org", "ann@example.org"]).kind is Kind.IDENTIFIER
    assert infer([f"Name {value}" for value in range(200)]).kind is Kind.IDENTIFIER
    assert infer([f"T-{value % 150}" for value in range(200)], "ticket").kind is Kind.IDENTIFIER
    assert infer([f"0{value}" for value in range(1000, 1200)], "case_no").kind is Kind.IDENTIFIER


def test_few_unique_strings_are_categories():
    assert infer(["a", "b", "c"]).kind is Kind.CATEGORICAL


def test_free_text():
    remarks = [f"the customer number {value} said that all was well" for value in range(300)]
    assert infer(remarks).kind is Kind.TEXT
    assert infer(remarks[:5] * 60).kind is Kind.CATEGORICAL


def test_long_repeated_labels_are_categories():
    labels = [f"occupation number {value} in the long official list" for value in range(60)]
    assert infer(labels * 50).kind is Kind.CATEGORICAL
