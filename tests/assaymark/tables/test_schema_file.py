"""Schema files."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assaymark.errors import MissingFileError, SchemaFileError
from assaymark.tables.datetimes import LAYOUTS
from assaymark.tables.schema import Column, Kind, Positive, Role, Schema
from assaymark.tables.schema_file import MAX_BYTES, apply_overrides, read_schema_file, schema_toml

BASE = Schema((Column("age", Kind.INTEGER), Column("fee", Kind.FLOAT, decimals=2), Column("sex", Kind.CATEGORICAL)))


@pytest.fixture
def read(tmp_path):
    def parse(text):
        path = tmp_path / "schema.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_schema_file(path)

    return parse


def test_overrides(read):
    schema = apply_overrides(
        BASE,
        read(
            'positive_above = 40\n[columns.age]\nroles = ["protected", "secret"]\nbins = [25, 45.5]\n'
            '[columns.fee]\nkind = "categorical"\n[columns.sex]\nkind = "datetime"\nlayout = "%d.%m.%Y"\n'
        ),
    )
    assert schema["age"] == Column("age", Kind.INTEGER, frozenset({Role.PROTECTED, Role.SECRET}), (25.0, 45.5))
    assert schema["fee"] == Column("fee", Kind.CATEGORICAL)
    assert schema["sex"].layout == "%d.%m.%Y"
    assert schema.positive == Positive(above=40.0)


def test_nothing_changes_nothing(read):
    assert apply_overrides(BASE, read("")) == BASE


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("= 1", "no TOML"),
        (b"\xff = 1", "no TOML"),
        ("a = " + "[" * 5000, "no TOML"),
        ("colums = 1", "'columns'"),
        ("columns = 1", "no table"),
        ("columns.age = 1", "no table"),
        ('[columns.age]\nknd = "float"', "'kind'"),
        ('[columns.age]\nkind = "flaot"', "'float'"),
        ("[columns.age]\nkind = [1]", "no such kind"),
        ('[columns.age]\nroles = "target"', "roles"),
        ('[columns.age]\nroles = ["boss"]', "protected"),
        ("[columns.age]\nroles = [[]]", "roles"),
        ("[columns.age]\nbins = []", "bins"),
        ("[columns.age]\nbins = [2, 1]", "ascending"),
        ("[columns.age]\nbins = [nan]", "bins"),
        ("[columns.age]\nbins = [true]", "bins"),
        ("[columns.age]\nbins = [" + "9" * 400 + "]", "bins"),
        ("[columns.fee]\ndecimals = 9", "0 to 8"),
        ("[columns.fee]\ndecimals = true", "0 to 8"),
        ('[columns.age]\nlayout = "%d"', "%Y"),
        ('[columns.age]\nlayout = "%Y-%m-%d"', "kind datetime"),
        ("[columns.age]\ndecimals = 1", "kind float"),
        ("[columns.sex]\nbins = [1]", "kind float or integer"),
        ('[columns.agee]\nkind = "float"', "'age'"),
        ('positive = "a"\npositive_above = 1', "twice"),
        ("positive_above = inf", "finite"),
        ('positive_above = "1"', "finite"),
        ("positive = []", "no value"),
        ('[columns.age]\nroles = ["target"]\n[columns.sex]\nroles = ["target"]', "more than one"),
    ],
)
def test_refusals(read, text, part):
    with pytest.raises(SchemaFileError) as caught:
        apply_overrides(BASE, read(text))
    error = caught.value
    assert error.code == "AM216"
    assert "schema.toml" in error.where
    assert "--schema" in error.remedy
    assert part in str(error)
    assert len(str(error)) < 600


def test_too_large(read):
    with pytest.raises(SchemaFileError, match="too large"):
        read("#" * (MAX_BYTES + 1))


def test_absent(tmp_path):
    with pytest.raises(MissingFileError) as caught:
        read_schema_file(tmp_path / "none.toml")
    assert caught.value.code == "AM201"
    assert "--schema" in caught.value.remedy


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
NUMBERS = st.floats(-1e9, 1e9)


@st.composite
def columns(draw, name):
    kind = draw(st.sampled_from(list(Kind)))
    numeric = kind in {Kind.INTEGER, Kind.FLOAT}
    return Column(
        name,
        kind,
        draw(st.frozensets(st.sampled_from([Role.PROTECTED, Role.STRATA, Role.SECRET]))),
        tuple(sorted(draw(st.sets(NUMBERS, max_size=3)))) if numeric else (),
        draw(st.none() | st.integers(0, 8)) if kind is Kind.FLOAT else None,
        draw(st.none() | st.sampled_from(LAYOUTS)) if kind is Kind.DATETIME else None,
    )


@st.composite
def schemas(draw):
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    positive = draw(st.none() | st.builds(Positive, literal=NAMES) | st.builds(Positive, above=NUMBERS))
    return Schema(tuple(draw(columns(name)) for name in names), positive)


@given(schemas())
def test_printed_schema_reads_back(schema):
    text = schema_toml(schema)
    tomllib.loads(text)
    bare = Schema(tuple(Column(name, Kind.BOOLEAN) for name in schema.names))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schema.toml"
        path.write_bytes(text.encode())
        assert apply_overrides(bare, read_schema_file(path)) == schema
