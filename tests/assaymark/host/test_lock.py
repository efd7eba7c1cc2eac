"""A lock pins plugins by the digest of their files: whatever differs is refused by name, and not imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PLUGIN = """
from assaymark.host.hooks import hookimpl
from assaymark.host.specs import Capabilities, GeneratorSpec
from assaymark.tables.schema import Kind

@hookimpl
def assaymark_generators():
    yield GeneratorSpec("{name}", "noise", "{name}_model:N", "{name}_model:C", Capabilities(frozenset({{Kind.FLOAT}})))
"""


@pytest.fixture
def call(tmp_path):
    def run(*arguments, **environment):
        variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "ASSAYMARK_CONFIG_DIR": str(tmp_path / "config")}
        path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "assaymark.cli", *arguments]
        return subprocess.run(
            command,
            env={**variables, "PYTHONPATH": path, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def states(call):
    def read(*options):
        done = call(*options, "plugins", "list", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return {each["plugin"]: (each["state"], each["reason"]) for each in json.loads(done.stdout)["plugins"]}

    return read


def test_a_lock_refuses_what_changed_came_or_left(install, call, states, tmp_path):
    site = install("acme-noise", "noise", PLUGIN.format(name="noise"))
    install("acme-gone", "gone", PLUGIN.format(name="gone"))
    told = json.loads(call("plugins", "lock", "--json").stdout)
    assert told["added"] == ["acme-gone", "acme-noise"]
    assert set(told["plugins"]["acme-noise"]) == {"distribution", "version", "digest", "editable"}
    assert states()["acme-noise"] == ("loaded", None)

    touched = "import pathlib; pathlib.Path('imported').touch()\n"
    (site / "noise.py").write_text(PLUGIN.format(name="noise") + touched, encoding="utf-8")
    install("acme-new", "new", PLUGIN.format(name="new") + touched)
    for path in site.glob("acme_gone*/*"):
        path.unlink()
    found = states()
    state, reason = found["acme-noise"]
    assert state == "refused"
    assert reason.startswith("its files have changed: digest sha256:")
    assert told["plugins"]["acme-noise"]["digest"][:19] in reason
    assert found["acme-new"] == ("refused", "it is not in plugins.lock")
    assert found["acme-gone"] == ("missing", "it is in plugins.lock, but no installed distribution has it")
    assert found["copula"] == ("loaded", None)
    assert not (tmp_path / "imported").exists()

    again = json.loads(call("plugins", "lock", "--json").stdout)
    assert (again["added"], again["changed"], again["removed"]) == (["acme-new"], ["acme-noise"], ["acme-gone"])
    assert states()["acme-noise"] == ("loaded", None)


def test_a_refused_plugin_cannot_be_used_and_the_error_says_why(install, call, tmp_path):
    install("acme-noise", "noise", PLUGIN.format(name="noise"))
    (tmp_path / "empty.lock").write_text('{"format": "assaymark-plugins-lock/1", "plugins": {}}', encoding="utf-8")
    done = call("--plugins-lock", "empty.lock", "plugins", "check", "noise")
    assert done.returncode == 2
    assert "AM401" in done.stderr
    assert "it is not in empty.lock" in done.stderr
    strict = call("--strict-plugins", "--plugins-lock", "empty.lock", "plugins", "show", "copula")
    assert "AM403" in strict.stderr
    assert call("plugins", "show", "copula", ASSAYMARK_PLUGINS_LOCK="empty.lock").returncode == 0


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "x"}', '{"format": "assaymark-plugins-lock/1", "plugins": {"a": {}}}']
)
def test_a_lock_that_cannot_be_read_stops_the_command_and_is_not_replaced(install, call, tmp_path, text):
    (tmp_path / "plugins.lock").write_text(text, encoding="utf-8")
    done = call("plugins", "list")
    assert done.returncode == 2
    assert "AM404" in done.stderr
    assert "AM102" in call("plugins", "lock").stderr
    assert (tmp_path / "plugins.lock").read_text(encoding="utf-8") == text


def test_a_lock_that_is_not_there_stops_the_command(call, tmp_path):
    assert "AM404" in call("--plugins-lock", "none.lock", "plugins", "list").stderr
    (tmp_path / "plugins.lock").symlink_to("nowhere")
    assert "AM404" in call("plugins", "list").stderr


def test_a_worker_refuses_code_that_changed_after_the_host_looked(install, ask):
    site = install("acme-noise", "noise", PLUGIN.format(name="noise"))
    (site / "noise_model.py").write_text(
        "from pydantic import BaseModel, ConfigDict\nclass C(BaseModel):\n    model_config = ConfigDict(extra='forbid')\n"
        "class N:\n    def __init__(self, config): pass\n    def fit(self, *_): raise RuntimeError\n",
        encoding="utf-8",
    )
    done = ask(
        """
        from pathlib import Path
        from assaymark.errors import AssaymarkError
        from assaymark.execution import Run
        from assaymark.host.lock import lock_text, pin_of
        from assaymark.host.registry import load_registry, open_generator
        from assaymark.host.switches import Switches
        from assaymark.testing.tables import mixed_table
        noise = load_registry().generator("noise")
        Path("plugins.lock").write_text(lock_text({"acme-noise": pin_of(noise.plugin)}))
        generator = open_generator(load_registry(switches=Switches(lock=Path("plugins.lock"))).generator("noise"), {})
        table = mixed_table(50, seed=0)
        for change in ("", "# changed"):
            with Path("site/noise.py").open("a") as file:
                file.write(change)
            try:
                generator.fit(table, table.schema, Run(0))
            except AssaymarkError as error:
                print(error.code)
        """
    )
    assert done.stdout.split() == ["AM402", "AM404"], done.stderr


def test_the_root_command_takes_what_the_environment_takes(install, call, states):
    install("acme-noise", "noise", PLUGIN.format(name="noise"))
    assert states("--block-plugins", "acme-noise")["acme-noise"][0] == "blocked"
    only = states("--plugins", "copula,typo")
    assert [only[name][0] for name in ("acme-noise", "copula", "checks", "typo")] == ["blocked", "loaded", "blocked", "missing"]
    traced = call("--trace-hooks", "plugins", "list")
    assert "assaymark: assaymark_generators of acme-noise (acme-noise 1.2.3) returned 1 item" in traced.stderr
    assert "assaymark:" not in traced.stdout
    install("acme-bad", "bad", "raise RuntimeError")
    assert call("--strict-plugins", "plugins", "list").returncode == 0  # it tells what is wrong
    assert "AM403" in call("--strict-plugins", "plugins", "show", "copula").stderr


def test_what_cannot_be_written_or_checked_is_a_clear_error(call):
    assert "error[AM701]: the lock cannot be written" in call("plugins", "lock", "--out", "none/plugins.lock").stderr
    assert "the kit has no checks for checks yet" in call("plugins", "check", "bias").stderr
