"""Twelve hostile plugins beside good ones: each is named with its reason, and the good ones work."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

GOOD = """
from assaymark.host.hooks import hookimpl
from assaymark.host.specs import Capabilities, GeneratorSpec
from assaymark.tables.schema import Kind

@hookimpl
def assaymark_generators():
    yield GeneratorSpec("{name}", "noise", "acme_model:N", "acme_model:C", Capabilities(frozenset({{Kind.FLOAT}})))
"""
WRONG_SCHEMA = """
from assaymark.host.hooks import hookimpl
from assaymark.host.specs import Capabilities, GeneratorSpec

@hookimpl
def assaymark_generators():
    yield GeneratorSpec("wrong", "noise", "acme_model:N", "acme_model:C", Capabilities(frozenset({"floats"})))
"""
HOSTILE = {
    "import-error": ("import a_module_that_is_not_there", "import-failed", "ModuleNotFoundError: No module named"),
    "exit": ("import sys\nsys.exit(3)", "import-failed", "SystemExit: it tried to end the program with 3"),
    "endless": ("while True: pass", "import-failed", "importing it did not end within 4 s, and was stopped"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "import-failed", "importing it ended its process by SIGSEGV"),
    "memory-bomb": (
        "held = []\nwhile True: held.append(bytearray(b'x') * 2**25)",
        "import-failed",
        "of memory, more than the 1,024 MiB it may use",
    ),
    "fork-bomb": (
        "import os, time\nwhile True:\n    if not os.fork():\n        time.sleep(9)\n        os._exit(0)\n    time.sleep(0.01)",
        "import-failed",
        "processes, more than the 16 it may start",
    ),
    "noise": (
        "import os\nprint('{\"verdict\": \"pass\"}')\nos.write(1, b'noise\\n')\n" + GOOD.format(name="noise"),
        "loaded",
        "it prints when it is imported; that goes to standard error",
    ),
    "misspelt": (
        GOOD.format(name="misspelt").replace("def assaymark_generators", "def assaymark_generator"),
        "unknown-hook",
        "there is no hook assaymark_generator; did you mean assaymark_generators?",
    ),
    "duplicate": (GOOD.format(name="copula"), "duplicate", "the generator copula is taken by the plugin copula of assaymark"),
    "edition": (GOOD.format(name="edition"), "other-edition", "made for edition v2 of the plugin API; this is edition v1"),
    "schema": (WRONG_SCHEMA, "bad-hook", "wrong: capabilities.kinds must name at least one Kind, and nothing else"),
    "network": (
        "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), timeout=1)\nexcept OSError: pass\n"
        + GOOD.format(name="network"),
        "import-failed",
        "importing it uses the network (socket.",
    ),
}

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="imports are watched on Linux only")


@pytest.fixture
def call(install, tmp_path):
    install("acme-good", "acme_good", GOOD.format(name="good"))
    for name, (source, _, _) in HOSTILE.items():
        group = "assaymark.plugins.v2" if name == "edition" else "assaymark.plugins.v1"
        install(f"hostile-{name}", f"hostile_{name.replace('-', '_')}", source, group=group)
    path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
    own = {"PYTHONPATH": path, "ASSAYMARK_CONFIG_DIR": str(tmp_path / "config"), "ASSAYMARK_IMPORT_SECONDS": "4"}

    def run(*arguments):
        command = [sys.executable, "-m", "assaymark.cli", *arguments]
        return subprocess.run(command, env={**os.environ, **own}, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_each_is_named_with_its_reason_and_the_good_ones_work(call, people, tmp_path):
    first = call("plugins", "list", "--json")
    assert first.returncode == 0, first.stderr
    listed = {each["plugin"]: each for each in json.loads(first.stdout)["plugins"]}
    for name, (_, state, told) in HOSTILE.items():
        entry = listed[f"hostile-{name}"]
        assert (entry["distribution"], entry["version"], entry["state"]) == (f"hostile-{name}", "1.2.3", state), entry
        assert told in (entry["reason"] or entry["note"]), entry
    assert len(HOSTILE) == 12
    assert [listed[name]["state"] for name in ("acme-good", "copula", "checks")] == ["loaded"] * 3

    text = call("plugins", "list").stdout
    assert all(told in text for _, _, told in HOSTILE.values())

    roles = ["--target", "approved", "--positive", "yes", "--protected", "sex"]
    done = call("run", str(people), *roles, "--generator", "copula", "--out", "out", "--json", "--quiet")
    assert done.returncode in {0, 1, 3}, done.stdout + done.stderr
    assert json.loads(done.stdout)["verdict"] in {"pass", "fail", "inconclusive"}
    assert (tmp_path / "out" / "release.json").is_file()


def test_what_came_of_an_import_is_kept_until_the_code_changes_or_the_doctor_is_asked(install, ask, tmp_path):
    source = "import os\nwith open(os.environ['COUNT'], 'a') as file: file.write('x')\n"
    site = install("acme-counts", "acme_counts", source + GOOD.format(name="counts"))
    install("acme-dies", "acme_dies", source + "os._exit(9)\n")
    count = tmp_path / "count"

    def imports(code="load_registry()"):
        count.write_text("")
        done = ask(f"from assaymark.host.registry import *\n{code}", COUNT=str(count))
        assert done.returncode == 0, done.stderr
        return len(count.read_text())

    assert imports() == 3  # both elsewhere, and the good one here
    assert imports() == 1  # the good one here
    (site / "acme_counts.py").write_text(source + GOOD.format(name="counts") + "# changed\n", encoding="utf-8")
    assert imports() == 2
    assert imports("load_registry(switches=Switches(again=True))") == 2  # the one that died, elsewhere, once more
