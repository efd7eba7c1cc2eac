"""Writing tables: what is written reads back, and never by halves."""

from __future__ import annotations

import csv
import os
import resource
import stat
import tempfile
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from assaymark.errors import Cancelled, OptionError, OutputError, OutputExistsError
from assaymark.tables.atomic import replacing
from assaymark.tables.casting import build_table
from assaymark.tables.labels import canonical
from assaymark.tables.reading import DEFAULT_NULLS, read_raw
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table
from assaymark.tables.writing import TableWriter, write_table

SCHEMA = Schema(
    (
        Column("n", Kind.INTEGER),
        Column("f", Kind.FLOAT, decimals=2),
        Column('a "b", c', Kind.CATEGORICAL),
        Column("b", Kind.BOOLEAN),
        Column("d", Kind.DATETIME, layout="%d.%m.%Y"),
        Column("t", Kind.DATETIME),
    )
)
TABLE = Table.from_columns(
    {
        "n": [1, None, -3],
        "f": [1.0, 0.126, None],
        'a "b", c': ['x, "y"\n', None, "Zoë"],
        "b": [True, False, None],
        "d": [datetime(2020, 2, 1), None, datetime(1999, 12, 31)],  # noqa: DTZ001 - tables hold wall-clock times
        "t": [datetime(2020, 2, 1, 10, 20, 30, 5), None, None],  # noqa: DTZ001 - tables hold wall-clock times
    },
    SCHEMA,
)


def test_csv_bytes(tmp_path):
    path = tmp_path / "t.csv"
    assert write_table(TABLE, path, "csv") == 3
    assert path.read_bytes().decode() == (
        'n,f,"a ""b"", c",b,d,t\n'
        '1,1,"x, ""y""\n",True,01.02.2020,2020-02-01T10:20:30.000005\n'
        ",0.13,,False,,\n"
        "-3,,Zoë,,31.12.1999,\n"
    )


def test_parquet_names_its_sidecar_and_holds_no_time(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(TABLE, path, "parquet", sidecar="t.parquet.c2pa")
    assert parquet.read_metadata(path).metadata == {b"c2pa.manifest": b"t.parquet.c2pa"}
    assert parquet.read_table(path).to_pydict() == TABLE.arrow.to_pydict()


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
# what reading maps to a missing value, strips or writes in another way cannot stand in a table that was read
LABEL = TEXT.map(lambda text: canonical(text.strip())).filter(
    lambda text: text.lower() not in {n.lower() for n in DEFAULT_NULLS}
)
FIELDS = {
    Kind.INTEGER: st.integers(-(2**63), 2**63 - 1),
    Kind.FLOAT: st.floats(allow_nan=False, allow_infinity=False),
    Kind.CATEGORICAL: LABEL,
    Kind.BOOLEAN: st.booleans(),
    Kind.DATETIME: st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)),  # noqa: DTZ001 - wall-clock times
}


@st.composite
def tables(draw):
    kinds = draw(st.lists(st.sampled_from(list(FIELDS)), min_size=1, max_size=4))
    names = draw(st.lists(TEXT.map(str.strip).filter(bool), min_size=len(kinds), max_size=len(kinds), unique=True))
    rows = draw(st.integers(1, 6))
    schema = Schema(tuple(Column(name, kind) for name, kind in zip(names, kinds, strict=True)))
    values = {c.name: draw(st.lists(st.none() | FIELDS[c.kind], min_size=rows, max_size=rows)) for c in schema}
    return Table.from_columns(values, schema)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(tables(), st.sampled_from(["csv", "parquet"]))
def test_what_is_written_reads_back(table, form):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        write_table(table, path, form)
        back = build_table(read_raw(path), table.schema)
        assert back.arrow.to_pydict() == table.arrow.to_pydict()
        if form == "csv":
            with path.open(newline="", encoding="utf-8") as file:
                assert len(list(csv.reader(file))) == table.rows + 1


def numbered(rows):
    schema = Schema((Column("n", Kind.INTEGER), Column("c", Kind.CATEGORICAL), Column("f", Kind.FLOAT, decimals=3)))
    rng = np.random.default_rng(3)
    values = {"n": np.arange(rows), "c": [f"c{i % 9}" for i in range(rows)], "f": rng.normal(size=rows)}
    return Table.from_columns(values, schema)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_batches_do_not_change_the_bytes(tmp_path, form):
    table = numbered(150_000)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    write_table(table, whole, form)
    edges = [0, 1, 70_000, 70_000, 149_999, 150_000]
    write_table((table.take(np.arange(a, b)) for a, b in pairwise(edges)), parts, form)
    assert whole.read_bytes() == parts.read_bytes()


def test_floats_respect_decimals_and_lose_minus_zero(tmp_path):
    schema = Schema((Column("f", Kind.FLOAT, decimals=1),))
    write_table(Table.from_columns({"f": [-0.01, 2.25, 1e20, 0.1 + 0.2]}, schema), tmp_path / "t", "csv")
    assert (tmp_path / "t").read_text() == "f\n0\n2.2\n1e+20\n0.3\n"


def test_a_lone_missing_value_is_a_row(tmp_path):
    schema = Schema((Column("c", Kind.CATEGORICAL),))
    write_table(Table.from_columns({"c": ["x", None]}, schema), tmp_path / "t", "csv")
    assert (tmp_path / "t").read_text() == 'c\nx\n""\n'


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, Cancelled])
def test_nothing_is_left_when_writing_breaks_off(tmp_path, form, error):
    path = tmp_path / "t"
    path.write_text("before")

    def batches():
        yield TABLE
        raise error("now")

    with pytest.raises(error):
        write_table(batches(), path, form, overwrite=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["t"]
    assert path.read_text() == "before"


def test_nothing_has_the_name_before_the_end(tmp_path):
    path = tmp_path / "t.csv"
    with TableWriter(path, SCHEMA, "csv") as writer:
        writer.write(TABLE)
        assert not path.exists()
    assert writer.rows == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_existing_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("before")
    with pytest.raises(OutputExistsError) as caught:
        write_table(TABLE, path, "csv")
    assert (caught.value.code, caught.value.where) == ("AM102", str(path))
    assert "--force" in caught.value.remedy
    assert path.read_text() == "before"
    write_table(TABLE, path, "csv", overwrite=True)
    assert path.read_text() != "before"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path):
    path = tmp_path / "t.csv"

    def batches():
        yield TABLE
        path.write_text("theirs")

    with pytest.raises(OutputExistsError):
        write_table(batches(), path, "csv")
    assert path.read_text() == "theirs"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("place", ["folder", "nowhere/t.csv", "x" * 300, "a\0b"])
def test_impossible_output(tmp_path, place):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError) as caught:
        write_table(TABLE, tmp_path / place, "csv", overwrite=True)
    assert caught.value.code == "AM701"
    assert caught.value.found
    assert caught.value.remedy
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError):
        write_table(TABLE, tmp_path / "t.csv", "csv")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_space_left(tmp_path, form):
    table = numbered(100_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # the kernel refuses as it does on a full disk
    try:
        with pytest.raises(OutputError) as caught:
            write_table(table, tmp_path / "t", form)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.found
    assert not list(tmp_path.iterdir())


def test_unknown_format(tmp_path):
    with pytest.raises(OptionError) as caught:
        write_table(TABLE, tmp_path / "t", "xlsx")
    assert caught.value.where == "--format"


def test_wrong_columns_and_no_batches(tmp_path):
    with pytest.raises(ValueError, match="columns"), TableWriter(tmp_path / "t", SCHEMA, "csv") as writer:
        writer.write(TABLE.select(["n"]))
    with pytest.raises(ValueError, match="no table"):
        write_table(iter(()), tmp_path / "t", "csv")
    assert not list(tmp_path.iterdir())


def test_an_error_of_the_block_is_not_taken_for_one_of_writing(tmp_path):
    with pytest.raises(ValueError, match="mine"), replacing(tmp_path / "t"):
        raise ValueError("mine")


def test_no_rows(tmp_path):
    write_table(TABLE.take(np.array([], dtype=np.int64)), tmp_path / "t.parquet", "parquet")
    assert parquet.read_table(tmp_path / "t.parquet").num_rows == 0
    assert pa.types.is_int64(parquet.read_schema(tmp_path / "t.parquet").field("n").type)
