"""What every built-in generator must do, whatever its method."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from pydantic import ValidationError

from assaymark.errors import Cancelled, ConditionError, FreeTextError, ModelFolderError
from assaymark.execution import BATCH_ROWS, Run
from assaymark.host.registry import load_registry, open_generator, resolve
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table
from assaymark.testing.tables import mixed_table

CONFIGS = {
    "copula": {},
    "gan": {"steps": 40, "width": 32},
    "diffusion": {"steps": 40, "width": 32, "depth": 1, "sampling_steps": 4},
}


def fit(name, table, run=None):
    registered = load_registry().generator(name)
    return open_generator(registered, CONFIGS[name]).fit(table, table.schema, run or Run(0))


def rows(fitted, count, seed=0, where=None):
    return Table.concat(list(fitted.sample(count, Run(seed), where)))


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def mixed():
    return mixed_table(600, seed=1)


@pytest.fixture(scope="module")
def fitted(name, mixed):
    return fit(name, mixed)


def test_every_kind_of_column_comes_out_as_it_went_in(fitted, mixed):
    made = rows(fitted, 900)
    assert made.rows == 900
    assert made.schema.names == mixed.schema.names
    assert made.arrow.schema.types == mixed.arrow.schema.types
    real, synthetic = mixed.to_pandas(), made.to_pandas()
    assert set(synthetic["sex"]) <= {"Female", "Male"}
    assert set(synthetic["country"]) == {"XX"}
    assert synthetic["income"].isna().any()
    assert synthetic["city"].isna().any()
    assert not synthetic["age"].isna().any()
    for column in ("age", "income", "since"):
        assert synthetic[column].min() >= real[column].min()
        assert synthetic[column].max() <= real[column].max()
    assert (synthetic["since"].dt.normalize() == synthetic["since"]).all()
    assert np.allclose(synthetic["income"].dropna() * 100, (synthetic["income"].dropna() * 100).round(), atol=1e-6)


def test_one_seed_gives_one_table(name, mixed, fitted):
    again = fit(name, mixed)
    assert rows(fitted, 300).arrow.equals(rows(again, 300).arrow)
    assert not rows(fitted, 300, seed=1).arrow.equals(rows(fitted, 300).arrow)


def test_another_process_gives_the_same_bytes(name, mixed, fitted):
    code = f"""
import hashlib, sys
sys.path.insert(0, {str(__file__.rsplit("/", 1)[0])!r})
from test_contract import fit, rows
from assaymark.testing.tables import mixed_table
print(hashlib.sha256(rows(fit({name!r}, mixed_table(600, seed=1)), 200).to_pandas().to_csv().encode()).hexdigest())
"""
    import hashlib

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(rows(fitted, 200).to_pandas().to_csv().encode()).hexdigest()


def test_a_batch_does_not_depend_on_those_after_it(fitted):
    alone, *_ = fitted.sample(BATCH_ROWS, Run(0))
    first, second = fitted.sample(BATCH_ROWS + 50, Run(0))
    assert alone.arrow.equals(first.arrow)
    assert second.rows == 50


def test_a_saved_model_samples_the_same(name, fitted, tmp_path):
    fitted.save(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix in {".pkl", ".pt", ".pickle"}]
    loaded = resolve(load_registry().generator(name).spec.factory).load(tmp_path)
    assert rows(loaded, 200).arrow.equals(rows(fitted, 200).arrow)


def test_a_damaged_model_folder_is_refused(name, fitted, tmp_path):
    factory = resolve(load_registry().generator(name).spec.factory)
    fitted.save(tmp_path)
    for path in sorted(tmp_path.iterdir()):
        for content in (None, b"", path.read_bytes()[: path.stat().st_size // 2], b"{}"):
            broken = tmp_path.parent / "broken"
            shutil.rmtree(broken, ignore_errors=True)
            shutil.copytree(tmp_path, broken)
            (broken / path.name).unlink() if content is None else (broken / path.name).write_bytes(content)
            with pytest.raises(ModelFolderError):
                factory.load(broken)


def test_an_unknown_setting_is_refused(name):
    with pytest.raises(ValidationError):
        resolve(load_registry().generator(name).spec.config)(nonsense=1)


def test_cancelling_stops_a_fit(name, mixed):
    run = Run(0)
    run.cancelled.set()
    with pytest.raises(Cancelled):
        fit(name, mixed, run)


def test_global_random_state_and_threads_are_left_alone(name, mixed):
    state, threads, numpy_state = torch.get_rng_state(), torch.get_num_threads(), np.random.get_state()[1].copy()  # noqa: NPY002 - it is the one that must not change
    rows(fit(name, mixed), 50)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert (np.random.get_state()[1] == numpy_state).all()  # noqa: NPY002 - as above


def test_progress_is_told(name, mixed):
    told = []
    fit(name, mixed, replace(Run(0), progress=lambda done, total, message="": told.append((done, total))))
    assert told[-1][0] == told[-1][1] > 0


def test_rare_categories_and_extremes_are_never_produced(name):
    rng = np.random.default_rng(0)
    words = np.where(np.arange(800) < 9, "rare", np.where(np.arange(800) % 2, "x", "y"))
    numbers = rng.normal(size=800)
    numbers[:9] = 50 + np.arange(9)
    schema = Schema((Column("word", Kind.CATEGORICAL), Column("number", Kind.FLOAT)))
    made = rows(fit(name, Table.from_columns({"word": words, "number": numbers}, schema)), 4000).to_pandas()
    assert set(made["word"]) == {"x", "y"}
    assert made["number"].max() <= np.sort(numbers)[-10]


def test_identifiers_are_made_up(name):
    schema = Schema((Column("id", Kind.IDENTIFIER), Column("x", Kind.INTEGER)))
    table = Table.from_columns({"id": [f"P{n}" for n in range(300)], "x": list(range(300))}, schema)
    made = rows(fit(name, table), 300).to_pandas()
    assert made["id"].is_unique
    assert not set(made["id"]) & {f"P{n}" for n in range(300)}


def test_free_text_is_never_learned(name):
    schema = Schema((Column("note", Kind.TEXT), Column("x", Kind.INTEGER)))
    with pytest.raises(FreeTextError):
        fit(name, Table.from_columns({"note": ["long text"] * 50, "x": list(range(50))}, schema))


@pytest.mark.parametrize("count", [2, 3, 30])
def test_tiny_tables(name, count):
    assert rows(fit(name, mixed_table(count, seed=3)), 20).rows == 20


@pytest.mark.parametrize("kind", [Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.CATEGORICAL, Kind.DATETIME])
def test_a_single_column_of_each_kind_and_one_that_is_empty(name, kind):
    values = {
        Kind.INTEGER: list(range(200)),
        Kind.FLOAT: np.linspace(0, 1, 200),
        Kind.BOOLEAN: [True, False] * 100,
        Kind.CATEGORICAL: ["a", "b"] * 100,
        Kind.DATETIME: np.arange(200).astype("datetime64[D]").astype("datetime64[us]"),
    }[kind]
    schema = Schema((Column("only", kind), Column("empty", Kind.CATEGORICAL)))
    made = rows(fit(name, Table.from_columns({"only": values, "empty": [None] * 200}, schema)), 100)
    assert made.column("empty").null_count == 100
    assert made.column("only").null_count == 0


def test_conditions(name, fitted):
    made = rows(fitted, 500, where={"sex": "Female", "approved": "yes"}).to_pandas()
    assert set(made["sex"]) == {"Female"}
    assert set(made["approved"]) == {"yes"}
    for condition in ({"sex": "Martian"}, {"age": 400}, {"age": 40.5}, {"age": "forty"}, {"since": "today"}, {"nothing": 1}):
        with pytest.raises(ConditionError):
            rows(fitted, 10, where=condition)


def test_samples_are_arrow_tables_without_nan(fitted):
    made = rows(fitted, 500)
    assert isinstance(made.arrow, pa.Table)
    assert not np.isnan(made.arrow.column("income").drop_null().to_numpy()).any()
