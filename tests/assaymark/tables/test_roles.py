"""Roles, the positive outcome, and how each contradiction is refused."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.errors import (
    AllNullError,
    ColumnNotFoundError,
    FreeTextError,
    OneClassError,
    OptionError,
    PositiveValueError,
)
from assaymark.tables.groups import outcome
from assaymark.tables.roles import RoleOptions, assign_roles, parse_bins, refuse_free_text
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.table import Table

ROWS = 120
I = np.arange(ROWS)  # noqa: E741 - row numbers
KINDS = {
    "income": Kind.CATEGORICAL,
    "hired": Kind.INTEGER,
    "flag": Kind.BOOLEAN,
    "wage": Kind.FLOAT,
    "sex": Kind.CATEGORICAL,
    "age": Kind.INTEGER,
    "children": Kind.INTEGER,
    "day": Kind.DATETIME,
    "name": Kind.IDENTIFIER,
    "remark": Kind.TEXT,
    "same": Kind.CATEGORICAL,
    "empty": Kind.CATEGORICAL,
}


@pytest.fixture(scope="module")
def table():
    columns = {
        "income": ["rare"] * 3 + [">50K" if i % 3 else "<=50K" for i in I[3:]],
        "hired": I % 2,
        "flag": I % 2 == 0,
        "wage": I / 4,
        "sex": ["F" if i % 2 else "M" for i in I],
        "age": I,
        "children": I % 4,
        "day": I.astype("datetime64[D]").astype("datetime64[us]"),
        "name": [f"n{i}" for i in I],
        "remark": [f"r{i}" for i in I],
        "same": ["x"] * ROWS,
        "empty": [None] * ROWS,
    }
    return Table.from_columns(columns, Schema(tuple(Column(name, kind) for name, kind in KINDS.items())))


def refused(kind, table, **options):
    with pytest.raises(kind) as caught:
        assign_roles(table, RoleOptions(**options))
    error = caught.value
    assert type(error) is kind
    assert error.code == kind.code
    assert error.where
    assert error.remedy
    return error


def test_assigns_roles(table):
    options = RoleOptions(
        target="income",
        positive=">50K",
        protected=("sex", "age"),
        strata=("children",),
        secret=("sex", "wage"),
        identifier=("same",),
        bins={"age": (25.0, 45.0)},
    )
    schema = assign_roles(table, options).schema
    assert schema.target.name == "income"
    assert schema.positive == Positive(literal=">50K")
    assert schema["sex"].roles == {Role.PROTECTED, Role.SECRET}
    assert (schema["age"].kind, schema["age"].bins) == (Kind.INTEGER, (25.0, 45.0))
    assert schema["children"].kind is Kind.CATEGORICAL
    assert schema["wage"] == Column("wage", Kind.FLOAT, frozenset({Role.SECRET}))
    assert schema["same"].kind is Kind.IDENTIFIER


def test_assigning_twice_changes_nothing(table):
    options = RoleOptions(target="hired", positive="1", protected=("sex", "age"), bins={"age": (25.0,)})
    once = assign_roles(table, options)
    twice = assign_roles(once, RoleOptions())
    assert twice.schema == once.schema
    assert twice.arrow.equals(once.arrow)


def test_no_target_is_fine(table):
    assert assign_roles(table, RoleOptions()).schema == table.schema


@pytest.mark.parametrize("positive", ["1", "1.0", " 1 ", "True", "true"])
def test_positive_by_meaning_in_an_integer_target(table, positive):
    assigned = assign_roles(table, RoleOptions(target="hired", positive=positive))
    assert assigned.schema["hired"].kind is Kind.CATEGORICAL
    assert assigned.schema.positive == Positive(literal="1")
    assert outcome(assigned).tolist() == (I % 2).tolist()


@pytest.mark.parametrize(("positive", "wanted"), [("True", 1), ("1", 1), ("FALSE", 0), ("0", 0)])
def test_positive_by_meaning_in_a_boolean_target(table, positive, wanted):
    assigned = assign_roles(table, RoleOptions(target="flag", positive=positive))
    assert assigned.schema["flag"].kind is Kind.BOOLEAN
    assert outcome(assigned).tolist() == ((I % 2 == 0) == wanted).astype(int).tolist()


def test_threshold_and_median(table):
    assert assign_roles(table, RoleOptions(target="wage", positive_above="10")).schema.positive == Positive(above=10.0)
    assigned = assign_roles(table, RoleOptions(target="wage", positive_above="median"))
    assert assigned.schema.positive == Positive(above=float(np.median(I / 4)))
    assert outcome(assigned).sum() == ROWS // 2
    assert assigned.schema["wage"].kind is Kind.FLOAT


@pytest.mark.parametrize(
    "options",
    [{"target": "incme", "positive": "1"}, {"protected": ("incme",)}, {"identifier": ("incme",)}, {"bins": {"incme": (1.0,)}}],
)
def test_unknown_column_tells_the_nearest(table, options):
    error = refused(ColumnNotFoundError, table, **options)
    assert error.code == "AM209"
    assert "'income'" in error.remedy
    assert error.where.startswith("--")


def test_unknown_column_unlike_any(table):
    assert "first line" in refused(ColumnNotFoundError, table, target="zzzzzz", positive="1").remedy


def test_absent_positive_lists_common_values_only(table):
    error = refused(PositiveValueError, table, target="income", positive="50K")
    assert error.code == "AM210"
    assert error.found == "'>50K', '<=50K' … and 1 rarer"


def test_absent_positive_among_rare_values_lists_none(table):
    error = refused(PositiveValueError, table, target="sex", positive="X")
    assert "'F'" in error.found
    few = Table.from_columns({"t": ["a", "b", "c"]}, Schema((Column("t", Kind.CATEGORICAL),)))
    assert refused(PositiveValueError, few, target="t", positive="X").found == "3 rare values"


def test_one_class(table):
    assert refused(OneClassError, table, target="same", positive="x").code == "AM211"
    assert refused(OneClassError, table, target="wage", positive_above="1000").code == "AM211"
    assert refused(OneClassError, table, target="wage", positive_above="-1").code == "AM211"


@pytest.mark.parametrize("options", [{"target": "empty", "positive": "x"}, {"protected": ("empty",)}, {"strata": ("empty",)}])
def test_all_null(table, options):
    assert refused(AllNullError, table, **options).code == "AM212"


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"target": "income"}, "--positive"),
        ({"target": "income", "positive": ">50K", "positive_above": "1"}, "--positive"),
        ({"target": "income", "positive_above": "1"}, "--positive"),
        ({"target": "wage", "positive": "1"}, "--positive-above"),
        ({"target": "wage", "positive_above": "much"}, "median"),
        ({"target": "wage", "positive_above": "nan"}, "median"),
        ({"target": "day", "positive": "1"}, "--schema"),
        ({"target": "name", "positive": "1"}, "--schema"),
        ({"target": "sex", "positive": "F", "protected": ("sex",)}, "Leave it out"),
        ({"protected": ("sex", "sex")}, "once"),
        ({"protected": ("sex",), "strata": ("sex",)}, "Leave it out"),
        ({"protected": ("sex",), "identifier": ("sex",)}, "Leave it out"),
        ({"protected": ("age",)}, "--bins age=25,45,65"),
        ({"strata": ("age",)}, "--bins age=25,45,65"),
        ({"protected": ("day",)}, "another column"),
        ({"protected": ("remark",)}, "another column"),
        ({"protected": ("sex",), "bins": {"sex": (1.0,)}}, "bins out"),
        ({"bins": {"age": (1.0,)}}, "--protected age"),
    ],
)
def test_contradictions(table, options, remedy):
    error = refused(OptionError, table, **options)
    assert error.code == "AM101"
    assert remedy in error.remedy


def test_parse_bins():
    assert parse_bins("age=25,45,65") == ("age", (25.0, 45.0, 65.0))
    assert parse_bins("a=b=-1.5,2") == ("a=b", (-1.5, 2.0))


@pytest.mark.parametrize("text", ["age", "age=", "=1,2", "age=45,25", "age=1,1", "age=a,b", "age=1,inf", "age=nan"])
def test_bad_bins(text):
    with pytest.raises(OptionError) as caught:
        parse_bins(text)
    assert caught.value.where == "--bins"
    assert "--bins age=25,45,65" in caught.value.remedy


def test_free_text(table):
    with pytest.raises(FreeTextError) as caught:
        refuse_free_text(table.schema)
    assert caught.value.code == "AM215"
    assert "remark" in caught.value.where
    assert "--drop" in caught.value.remedy
    refuse_free_text(table.schema.select(["sex", "name"]))
