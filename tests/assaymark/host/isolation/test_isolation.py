"""Generators that crash, hang, hoard, fork and lie, in a process of their own: a clear error each, and nothing is left."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assaymark.errors import Cancelled, ConditionError, ModelFolderError, OptionError, PluginFailedError
from assaymark.execution import Run
from assaymark.host.isolation import process
from assaymark.host.isolation.generator import IsolatedFitted, is_isolated
from assaymark.host.isolation.limits import Limits
from assaymark.host.isolation.protocol import parse, read_error
from assaymark.host.registry import Registered, load_fitted, load_registry
from assaymark.host.states import PluginInfo, PluginState
from assaymark.pipeline.running import fit, sample
from assaymark.tables.table import Table
from assaymark.testing.tables import mixed_table

MUTANTS = Path(__file__).resolve().parents[2] / "testing" / "mutants"

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="workers are watched by /proc, which is not here")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(str(MUTANTS))


@pytest.fixture(scope="module")
def table():
    return mixed_table(200, seed=1)


def plugin(name, module="hostile_generators"):
    spec = replace(
        load_registry().generator("copula").spec,
        name="hostile",
        factory=f"{module}:{name}",
        config="mutant_generators:Settings",
    )
    info = PluginInfo("hostile", PluginState.LOADED, "hostile", "1", "mutant_light", "assaymark.plugins.v1")
    return Registered(spec, info)


def made(registered, table, rows=50, run=None, where=None):
    fitted = fit(registered, {}, table, run or Run(0))
    return Table.concat(list(sample(registered, fitted, rows, run or Run(0), where)))


@pytest.fixture
def children(monkeypatch):
    """Return a function that tells the processes that the test's workers and their children are."""
    mark = f"ASSAYMARK_TEST_MARK={uuid.uuid4().hex}"
    monkeypatch.setenv(*mark.split("="))

    def found():
        every = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]
        return {int(entry.name) for entry in every if mark.encode() in _environment(entry)}

    return found


def _environment(entry):
    try:
        return (entry / "environ").read_bytes()
    except OSError:
        return b""


def test_what_is_made_in_a_worker_is_what_is_made_here(table, monkeypatch):
    good = plugin("Mutant", "mutant_generators")
    apart = made(good, table, 9000)
    fitted = fit(good, {}, table, Run(0))
    assert isinstance(fitted, IsolatedFitted)
    assert fitted.schema == table.schema
    monkeypatch.setenv("ASSAYMARK_ISOLATION", "off")
    assert made(good, table, 9000).arrow.equals(apart.arrow)


def test_a_saved_model_is_loaded_in_a_worker(table, tmp_path):
    good = plugin("Mutant", "mutant_generators")
    fitted = fit(good, {}, table, Run(0))
    fitted.save(tmp_path)
    loaded = load_fitted(good, tmp_path)
    assert isinstance(loaded, IsolatedFitted)
    tables = [Table.concat(list(sample(good, each, 100, Run(3)))) for each in (fitted, loaded)]
    assert tables[0].arrow.equals(tables[1].arrow)
    next(tmp_path.iterdir()).write_bytes(b"")
    with pytest.raises(ModelFolderError):
        load_fitted(good, tmp_path)


def test_errors_of_ours_come_through_as_they_are(table):
    good = plugin("Mutant", "mutant_generators")
    with pytest.raises(ConditionError) as caught:
        made(good, table, where={"sex": "no such value"})
    assert caught.value.remedy


def test_progress_is_relayed(table):
    told = []

    def tell(done, total, message=""):
        told.append((done, total, message))

    fit(plugin("Mutant", "mutant_generators"), {}, table, replace(Run(0), progress=tell))
    assert told[-1][0] == told[-1][1] > 1


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Crashes", "ended by SIGSEGV"),
        ("Exits", "SystemExit"),
        ("Vanishes", "exit code 7"),
        ("Secretive", "ValueError in hostile_generators, line"),
        ("OtherColumns", "a batch of other columns"),
        ("OtherKinds", "a batch of other columns or kinds"),
        ("Endless", "rows"),
        ("Fewer", "rows"),
        ("Babbles", "too long"),
    ],
)
def test_harm_is_a_clear_error(name, found, table):
    with pytest.raises(PluginFailedError) as caught:
        made(plugin(name), table)
    assert found in str(caught.value)
    assert caught.value.remedy
    assert "Female" not in str(caught.value)
    assert "Male" not in str(caught.value)


def test_a_hoarder_is_stopped(table, monkeypatch):
    monkeypatch.setenv("ASSAYMARK_WORKER_MEMORY", "700MiB")
    with pytest.raises(PluginFailedError, match="MiB of memory, more than the 700 MiB"):
        made(plugin("Hoards"), table)


def test_a_fork_bomb_is_stopped_with_all_its_children(table, children):
    before = children()
    with pytest.raises(PluginFailedError, match="processes, more than the 64"):
        made(plugin("Forks"), table)
    deadline = time.monotonic() + 5
    while children() - before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not children() - before


def test_what_hangs_beyond_its_budget_is_stopped(table, monkeypatch):
    monkeypatch.setattr(process, "_LATE", 1.0)
    with pytest.raises(PluginFailedError, match="did not answer in time"):
        made(plugin("Hangs"), table, run=replace(Run(0), budget=5.0))


def test_what_does_not_listen_is_stopped_when_cancelled(table, monkeypatch, children):
    monkeypatch.setattr(process, "_POLITE", 1.0)
    before, run = children(), Run(0)
    timer = threading.Timer(3.0, run.cancelled.set)
    timer.start()
    with pytest.raises(Cancelled):
        made(plugin("Hangs"), table, run=run)
    assert not children() - before


def test_children_end_with_their_worker(table, children):
    before = children()
    fitted = fit(plugin("LeavesChildren"), {}, table, Run(0))
    assert len(children() - before) >= 1
    fitted._worker.close()
    assert not children() - before


def test_there_is_no_network(table, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HOSTILE_PORT", str(server.getsockname()[1]))
        offline = fit(plugin("Mutant", "mutant_generators"), {}, table, Run(0)).offline
        if not offline:
            pytest.skip("this system does not let a process leave the network")
        with pytest.raises(PluginFailedError, match=r"OSError|ConnectionRefusedError|NetworkUnreachable"):
            made(plugin("Phones"), table)
        monkeypatch.setenv("ASSAYMARK_WORKER_NETWORK", "allowed")
        with pytest.raises(PluginFailedError, match="RuntimeError"):
            made(plugin("Phones"), table)


def test_what_is_printed_and_meddled_with_stays_there(table, capfd):
    state, legacy, place = random.getstate(), np.random.get_state()[1].copy(), Path.cwd()  # noqa: NPY002 - what must not change
    for name in ("Prints", "Meddles"):
        assert made(plugin(name), table).rows == 50
    assert capfd.readouterr() == ("", "")
    assert random.getstate() == state
    assert (np.random.get_state()[1] == legacy).all()  # noqa: NPY002 - as above
    assert Path.cwd() == place
    assert "HOSTILE" not in os.environ


def test_nothing_is_left_of_a_worker(table, children):
    fitted = fit(plugin("Mutant", "mutant_generators"), {}, table, Run(0))
    place = fitted._worker.place
    assert place.is_dir()
    before = children()
    del fitted
    assert not place.exists()
    assert children() < before


@pytest.mark.parametrize("text", ["much", "-1", "4XiB", ""])
def test_a_limit_that_cannot_be_read_is_refused(text, monkeypatch):
    monkeypatch.setenv("ASSAYMARK_WORKER_MEMORY", text)
    with pytest.raises(OptionError):
        Limits.from_environment()


def test_who_is_isolated(monkeypatch):
    ours, theirs = load_registry().generator("copula"), plugin("Mutant")
    here = replace(theirs, plugin=replace(theirs.plugin, distribution=None))
    assert [is_isolated(each) for each in (ours, theirs, here)] == [False, True, False]
    monkeypatch.setenv("ASSAYMARK_ISOLATION", "all")
    assert [is_isolated(each) for each in (ours, theirs, here)] == [True, True, False]
    monkeypatch.setenv("ASSAYMARK_ISOLATION", "off")
    assert [is_isolated(each) for each in (ours, theirs, here)] == [False, False, False]
    monkeypatch.setenv("ASSAYMARK_ISOLATION", "perhaps")
    with pytest.raises(OptionError):
        is_isolated(theirs)


def test_what_a_worker_says_is_not_trusted():
    for line in ("", "[]", "{", "null", '"x"', "\x00"):
        with pytest.raises(ValueError):
            parse(line)
    assert isinstance(read_error({"class": "KeyboardInterrupt", "what": "x"}), PluginFailedError)
    assert isinstance(read_error({"class": "AssaymarkError.__init__"}), PluginFailedError)
    assert isinstance(read_error({"class": "ModelFolderError", "what": "x", "remedy": 3}), ModelFolderError)
