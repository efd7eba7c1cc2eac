"""Checkpoints: a fit that was cut off comes to the same model, and goes on with no other fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assaymark.errors import Cancelled, CheckpointError
from assaymark.execution import Run
from assaymark.host.registry import load_registry, open_generator
from assaymark.tables.table import Table
from assaymark.testing.tables import mixed_table

SETTINGS = {"steps": 40, "width": 32}


def fit(name, run, table=None, **settings):
    table = table or mixed_table(300, seed=1)
    return open_generator(load_registry().generator(name), SETTINGS | settings).fit(table, table.schema, run)


def cut_off(name, folder, after=17):
    """Fit until some steps are done, and cancel."""
    run = Run(0, workdir=folder, clock=iter(range(10**9)).__next__)  # by this clock every step tells its progress

    def stop(done, total, message=""):
        if done >= after:
            run.cancelled.set()

    with pytest.raises(Cancelled):
        fit(name, replace(run, progress=stop))


@pytest.fixture(params=["gan", "diffusion"])
def name(request):
    return request.param


def test_a_fit_that_was_cut_off_comes_to_the_same_model(name, tmp_path):
    cut_off(name, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.checkpoint"]
    told = []
    resumed = fit(name, Run(0, workdir=tmp_path, progress=lambda done, total, message="": told.append(done)))
    whole = fit(name, Run(0))
    assert min(told) > 17
    rows = [Table.concat(list(fitted.sample(100, Run(3)))) for fitted in (resumed, whole)]
    assert rows[0].arrow.equals(rows[1].arrow)
    assert not list(tmp_path.iterdir())


def test_another_fit_is_refused(name, tmp_path):
    cut_off(name, tmp_path)
    for change in ({"run": Run(1, workdir=tmp_path)}, {"table": mixed_table(300, seed=2)}, {"batch": 64}):
        arguments = {"run": Run(0, workdir=tmp_path), **change}
        with pytest.raises(CheckpointError, match="another fit"):
            fit(name, **arguments)


def test_a_damaged_checkpoint_is_refused(name, tmp_path):
    cut_off(name, tmp_path)
    path = tmp_path / f"{name}.checkpoint"
    whole = path.read_bytes()
    for content in (b"", whole[:100], whole[:-20], b"\xff" * 200):
        path.write_bytes(content)
        with pytest.raises(CheckpointError):
            fit(name, Run(0, workdir=tmp_path))


def test_a_checkpoint_holds_no_digest_that_two_fits_share(name, tmp_path):
    digests = []
    for place in ("a", "b"):
        cut_off(name, tmp_path / place)
        from safetensors import safe_open

        with safe_open(tmp_path / place / f"{name}.checkpoint", framework="pt") as file:
            digests.append(file.metadata()["assaymark"])
    assert digests[0] != digests[1]
