"""Declared orders of categorical columns."""

from __future__ import annotations

import pytest

from assaymark.errors import OptionError, SchemaFileError
from assaymark.tables.loading import TableOptions, load_real
from assaymark.tables.orders import MAX_LEVELS, parse_order
from assaymark.tables.roles import RoleOptions

ROWS = ["low", "mid", "high"] * 20 + ["rare"] * 3


@pytest.fixture
def load(tmp_path):
    def read(risk, schema="", positive="high", **roles):
        path, overrides = tmp_path / "real.csv", tmp_path / "schema.toml"
        sexes = ["f", "m"] * len(risk)
        path.write_text("risk,sex\n" + "".join(f"{value},{sex}\n" for value, sex in zip(risk, sexes, strict=False)))
        overrides.write_text(schema)
        options = RoleOptions(target="risk", positive=positive, protected=("sex",), **roles)
        return load_real(path, TableOptions(schema_file=overrides), options).schema

    return read


def test_an_order_is_parsed():
    assert parse_order(" a risk = low < mid<high ") == ("a risk", ("low", "mid", "high"))
    assert parse_order("grade=1<2.0<10") == ("grade", ("1", "2.0", "10"))


MANY = "risk=" + "<".join(map(str, range(MAX_LEVELS + 1)))


@pytest.mark.parametrize("text", ["", "risk", "=a<b", "risk=", "risk=a", "risk=a<<b", "risk=a<b<a", "risk=1<1.0", MANY])
def test_what_is_no_order_is_refused(text):
    with pytest.raises(OptionError) as caught:
        parse_order(text)
    assert caught.value.where == "--order"


def test_an_order_is_matched_by_meaning(load):
    schema = load([1, 2, 3] * 20, positive="3.0", order={"risk": ("1.0", "2", "3")})
    assert schema["risk"].order == ("1", "2", "3")


def test_a_schema_file_may_declare_it_and_an_option_overrules(load):
    text = '[columns.risk]\norder = ["low", "mid", "high"]'
    assert load(ROWS[:60], text)["risk"].order == ("low", "mid", "high")
    assert load(ROWS[:60], text, order={"risk": ("high", "mid", "low")})["risk"].order == ("high", "mid", "low")


def test_a_class_that_the_order_lacks_is_told(load):
    with pytest.raises(OptionError) as caught:
        load(ROWS[:60], order={"risk": ("low", "midd", "high")})
    assert "'mid'" in caught.value.found
    assert "'midd'" in caught.value.remedy


def test_a_class_of_few_rows_that_the_order_lacks_is_counted_and_not_named(load):
    with pytest.raises(OptionError) as caught:
        load(ROWS, order={"risk": ("low", "mid", "high")})
    assert "rare" not in str(caught.value).replace("1 rare values", "")
    assert "1 rare values" in caught.value.found


def test_levels_that_no_row_holds_are_a_scale_and_no_error(load):
    assert load(ROWS[:60], order={"risk": ("none", "low", "mid", "high")})["risk"].order == ("none", "low", "mid", "high")


def test_only_categories_have_an_order(load):
    with pytest.raises(OptionError, match="categorical"):
        load(["True", "False"] * 20, positive="True", order={"risk": ("False", "True")})


def test_an_order_of_no_column_is_refused(load):
    with pytest.raises(Exception, match="no column 'rusk'"):
        load(ROWS[:60], order={"rusk": ("low", "mid", "high")})


@pytest.mark.parametrize(
    ("order", "part"),
    [
        ('"low"', "cannot be read"),
        ('["low"]', f"2 to {MAX_LEVELS}"),
        ('["low", "low"]', "different"),
        ('["low", ["mid"]]', "cannot be read"),
        ('["low", " "]', "cannot be read"),
    ],
)
def test_a_wrong_order_in_a_schema_file_is_refused(load, order, part):
    with pytest.raises(SchemaFileError) as caught:
        load(ROWS[:60], f"[columns.risk]\norder = {order}")
    assert part in f"{caught.value} {caught.value.expected}"
