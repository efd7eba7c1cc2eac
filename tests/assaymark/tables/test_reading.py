"""Reading files: what is read, and how each bad input is refused."""

from __future__ import annotations

import hashlib
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from assaymark.errors import (
    EmptyTableError,
    EncodingError,
    FormatError,
    HeaderError,
    InputError,
    LimitError,
    MissingFileError,
    NotAFileError,
    RaggedRowError,
)
from assaymark.tables.reading import Limits, read_raw


@pytest.fixture
def put(tmp_path):
    """Return a function that writes bytes or text into a file."""

    def write(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rows(path, **options):
    return read_raw(path, **options).arrow.to_pydict()


def refused(kind, path, **options):
    with pytest.raises(kind) as caught:
        read_raw(path, **options)
    error = caught.value
    assert type(error) is kind
    assert error.code == kind.code
    assert error.exit_code == 2
    assert str(path) in error.where
    assert error.remedy
    return error


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_reads_each_separator(put, mark):
    assert rows(put(f"a{mark}b\n1{mark}x\n2{mark}y\n")) == {"a": ["1", "2"], "b": ["x", "y"]}


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_reads_line_ends_and_byte_order_mark(put, prefix, end):
    path = put(prefix + end.join(["a,b", "1,Zoë", "2,y", ""]).encode())
    assert rows(path) == {"a": ["1", "2"], "b": ["Zoë", "y"]}


def test_keeps_quoted_separators_newlines_and_quotes(put):
    assert rows(put('a,b\n"x, ""y""","1\n2"\nz,3\n')) == {"a": ['x, "y"', "z"], "b": ["1\n2", "3"]}


def test_reads_single_quotes_and_backslashes(put):
    assert rows(put("a,b\n'x, y',2\n'z',3\n'w',4\n")) == {"a": ["x, y", "z", "w"], "b": ["2", "3", "4"]}
    assert rows(put('a,b\n"x \\" y",2\n"z",3\n')) == {"a": ['x " y', "z"], "b": ["2", "3"]}


def test_strips_blanks_around_cells_and_names(put):
    assert rows(put("age, sex\n39, Male\n50, Female \n")) == {"age": ["39", "50"], "sex": ["Male", "Female"]}


def test_reads_missing_values(put):
    path = put("a,b\n?,1\n,2\nNA,3\nnan,4\nNULL,5\n ? ,6\nx,7\n")
    assert rows(path)["a"] == [None] * 6 + ["x"]
    assert rows(path, nulls=("x",))["a"] == ["?", "", "NA", "nan", "NULL", "?", None]


@pytest.mark.parametrize("content", ["a\n1\n2\n", "a\n1\n2", 'a\n1\n\n"2"\n'])
def test_reads_one_column(put, content):
    assert rows(put(content)) == {"a": ["1", "2"]}


def test_one_column_is_not_cut_at_commas_in_its_cells(put):
    assert rows(put("remark\nhello, you\nbye; me\nx|y\n")) == {"remark": ["hello, you", "bye; me", "x|y"]}


def test_a_name_with_glob_characters_is_no_pattern(put):
    put("a|b\n1|2\n", "t1.csv")
    assert rows(put("a;b|c\n1;2\n", "t[1].csv")) == {"a": ["1"], "b|c": ["2"]}


def test_a_separator_in_a_quoted_header_does_not_count(put):
    assert rows(put('"last; first",b\nx,1\n')) == {"last; first": ["x"], "b": ["1"]}


def test_is_the_same_every_time_and_digests_the_bytes(put):
    content = b"a,b\n" + b"".join(b"%d,x%d\n" % (i, i % 7) for i in range(50_000))
    path = put(content)
    first, second = read_raw(path), read_raw(path)
    assert first.arrow.equals(second.arrow)
    assert first.sha256 == hashlib.sha256(content).hexdigest()
    assert first.arrow.column("a").to_pylist() == [str(i) for i in range(50_000)]


def test_missing_file(tmp_path):
    error = refused(MissingFileError, tmp_path / "nowhere.csv")
    assert error.code == "AM201"
    assert "No such file" in error.found


def test_impossible_path(tmp_path):
    assert refused(MissingFileError, tmp_path / "a\0b").code == "AM201"


def test_folder(tmp_path):
    error = refused(NotAFileError, tmp_path)
    assert (error.code, error.found) == ("AM202", "a folder")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="needs a device file")  # noqa: PTH110 - a condition, not a path
def test_device():
    error = refused(NotAFileError, Path("/dev/zero"))
    assert "device" in error.found


@pytest.mark.parametrize("content", ["", " \n \n", "\n"])
def test_empty_file(put, content):
    assert refused(EmptyTableError, put(content)).code == "AM203"


@pytest.mark.parametrize("content", ["a,b\n", "a,b", '"a","b"\r\n'])
def test_header_only(put, content):
    error = refused(EmptyTableError, put(content))
    assert error.found == "0 rows"


def test_repeated_names_are_named(put):
    error = refused(HeaderError, put("sex,age,sex,age,race\n1,2,3,4,5\n"))
    assert error.code == "AM206"
    assert "'sex'" in error.found
    assert "'age'" in error.found
    assert "race" not in error.found


def test_names_that_differ_in_blanks_only_are_repeated(put):
    refused(HeaderError, put("sex, sex\n1,2\n"))


def test_empty_name_is_counted(put):
    error = refused(HeaderError, put(",sex,\n1,2,3\n"))
    assert "1, 3" in error.found
    assert "index" in error.remedy


@pytest.mark.parametrize(("row", "count"), [("1,2", 2), ("1,2,3,4", 4)])
def test_ragged_row_has_its_line(put, row, count):
    error = refused(RaggedRowError, put(f'a,b,c\n1,"x\ny",3\n\n{row}\n1,2,3\n'))
    assert error.code == "AM205"
    assert error.where.endswith("line 5")
    assert (error.found, error.expected) == (f"{count} fields", "3 fields")


def test_open_quote_does_not_swallow_rows(put):
    error = refused(FormatError, put('a,b\n1,x\n2,"y\n3,z\n4,w\n'))
    assert error.where.endswith("line 3")


def test_odd_quotes_inside_fields_are_fine(put):
    assert rows(put('a,b\n1,5" pipe\n2,x\n'))["b"] == ['5" pipe', "x"]


def test_binary_junk(put):
    error = refused(FormatError, put(b"a,b\n1,\x00\x01\x02\n"))
    assert error.code == "AM207"
    assert error.where.endswith("byte 6")
    assert error.found == "a NUL byte"


@pytest.mark.parametrize(
    ("head", "what"), [(b"PK\x03\x04", "Excel"), (b"\x1f\x8b\x08", "gzip"), (b"SQLite format 3\x00", "SQLite")]
)
def test_other_formats_are_named(put, head, what):
    assert what in refused(FormatError, put(head + bytes(50))).found


def test_latin_1_has_offset_line_and_guess(put):
    text = "name,city\n" + "".join(f"n{i},Zürich\n" for i in range(3)) + "x,Genève\n"
    error = refused(EncodingError, put(text.encode("latin-1")))
    assert error.code == "AM204"
    assert f"line 2, byte {text.index('ü')}" in error.where
    assert error.expected == "UTF-8"
    assert "iconv" in error.remedy


def test_wrong_encoding_beyond_the_first_chunk(put, monkeypatch):
    monkeypatch.setattr("assaymark.tables.csv_reading._CHUNK", 64)
    text = "a,b\n" + "é,1\n" * 100
    data = text.encode() + b"\xff,2\n"
    error = refused(EncodingError, put(data))
    assert f"line 102, byte {len(text.encode())}" in error.where


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le"])
def test_utf_16_and_32(put, encoding):
    error = refused(EncodingError, put(("a,b\n" + "1,x\n" * 40).encode(encoding)))
    assert "UTF" in error.found


def test_a_utf_8_character_across_chunks_is_fine(put, monkeypatch):
    monkeypatch.setattr("assaymark.tables.csv_reading._CHUNK", 101)
    assert read_raw(put("a,b\n" + "é→𝄞,1\n" * 300)).arrow.num_rows == 300


def test_too_many_columns(put):
    error = refused(LimitError, put(",".join(f"c{i}" for i in range(10_001)) + "\n" + ",".join(["1"] * 10_001) + "\n"))
    assert error.code == "AM208"
    assert error.found == "10,001 columns"


def test_file_too_large(put):
    error = refused(LimitError, put("a,b\n1,2\n"), limits=Limits(max_bytes=4))
    assert (error.found, error.expected) == ("8 bytes", "at most 4 bytes")


def test_field_too_long(put):
    error = refused(LimitError, put("a,b\n1," + "x" * 200_000 + "\n"))
    assert "200,000" in error.found


def test_no_message_shows_a_cell(put):
    for content in ("a,b\n1,secret\nsecret\n", 'a,b\n1,"secret\n2,x\n', "a,b\n1,secret" + "x" * 200_000 + "\n"):
        with pytest.raises(InputError) as caught:
            read_raw(put(content))
        assert "secret" not in str(caught.value) + str(caught.value.document())


@pytest.fixture
def put_parquet(tmp_path):
    def write(table, name="table.parquet", **options):
        path = tmp_path / name
        parquet.write_table(table, path, **options)
        return path

    return write


def test_parquet_is_told_from_its_bytes(put_parquet):
    path = put_parquet(pa.table({"a": [1, 2], "b": ["x", "?"]}), "table.csv")
    raw = read_raw(path)
    assert raw.format == "parquet"
    assert raw.arrow.to_pydict() == {"a": [1, 2], "b": ["x", None]}


def test_parquet_types(put_parquet):
    table = pa.table(
        {
            "small": pa.array([1, 2], pa.int8()),
            "unsigned": pa.array([1, 2**64 - 1], pa.uint64()),
            "single": pa.array([0.1, float("nan")], pa.float32()),
            "half": pa.array(np.array([0.5, 1.5], np.float16)),
            "fixed": pa.array([Decimal("1.25"), Decimal(2)], pa.decimal128(20, 2)),
            "dictionary": pa.array(["x", "y"]).dictionary_encode(),
            "day": pa.array([1, 2], pa.date32()),
            "zoned": pa.array([0, 3_600_000], pa.timestamp("ms", tz="Europe/Paris")),
            "nothing": pa.nulls(2),
        }
    )
    raw = read_raw(put_parquet(table)).arrow
    types = {name: str(raw.column(name).type) for name in raw.column_names}
    assert types == {
        "small": "int64",
        "unsigned": "double",
        "single": "double",
        "half": "double",
        "fixed": "double",
        "dictionary": "string",
        "day": "timestamp[us]",
        "zoned": "timestamp[us]",
        "nothing": "string",
    }
    assert raw.column("single").to_pylist() == [0.1, None]
    assert raw.column("zoned")[1].as_py().isoformat() == "1970-01-01T01:00:00"


def test_nested_parquet(put_parquet):
    error = refused(FormatError, put_parquet(pa.table({"a": [1], "tags": [[1, 2]]})))
    assert "'tags'" in error.where
    assert error.found == "a nested column"


@pytest.mark.parametrize("keep", [5, 60, 200])
def test_truncated_parquet(put, put_parquet, keep):
    whole = put_parquet(pa.table({"a": list(range(100)), "b": ["x"] * 100})).read_bytes()
    error = refused(FormatError, put(whole[:keep], "cut.parquet"))
    assert error.code == "AM207"
    assert "damaged" in error.what


def test_altered_parquet_never_gives_a_traceback(put, put_parquet):
    whole = bytearray(put_parquet(pa.table({"a": list(range(300)), "b": [f"x{i}" for i in range(300)]})).read_bytes())
    rng = np.random.default_rng(1)
    for _ in range(150):
        broken = bytearray(whole)
        for place in rng.integers(4, len(whole), 3):
            broken[place] = int(rng.integers(256))
        try:
            read_raw(put(bytes(broken), "broken.parquet"))
        except InputError as error:
            assert error.remedy  # noqa: PT017 - either outcome is right, a traceback is not


def test_parquet_without_rows(put_parquet):
    refused(EmptyTableError, put_parquet(pa.table({"a": pa.array([], pa.int64())})))


def test_parquet_that_claims_too_much(put_parquet):
    path = put_parquet(pa.table({"a": np.zeros(1_000_000)}))
    assert "1,000,000 rows" in refused(LimitError, path, limits=Limits(max_rows=1000)).found


def test_adult(shared_data):
    raw = read_raw(shared_data / "adult_train.csv")
    assert (raw.arrow.num_rows, raw.arrow.num_columns) == (32_561, 15)
    assert raw.arrow.column("workclass").null_count == 1836
