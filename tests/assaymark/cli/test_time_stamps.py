"""Time stamps on the command line: an authority that answers, one that does not, and going on without."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

NOWHERE = "http://127.0.0.1:9"


def call(*arguments: object, cwd=None, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assaymark.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}, check=False)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    return tmp_path


@pytest.mark.parametrize("how", ["option", "variable", "configuration"])
def test_a_file_is_stamped_with_the_time(clock, folder, how):
    here = clock()
    environment = {"ASSAYMARK_TIMESTAMP_URL": here.url} if how == "variable" else {}
    if how == "configuration":
        (folder / "assaymark.toml").write_text(f'[stamp]\ntimestamp = "{here.url}"\n')
    option = ["--timestamp", here.url] if how == "option" else []
    done = call("stamp", "a.csv", *option, cwd=folder, **environment)
    assert done.returncode == 0, done.stderr
    assert len(here.asked) == 2  # once to see whether it answers, once for the sidecar
    told = call("verify", "a.csv", "--json", cwd=folder)
    assert json.loads(told.stdout)["ok"], told.stdout


def test_without_an_answer_nothing_is_written_unless_one_goes_on_without(folder, people):
    roles = ["--target", "approved", "--positive", "yes", "--protected", "sex"]
    for command in (
        ["stamp", "a.csv"],
        ["run", people, *roles, "--out", "out"],
        ["audit", people, people, *roles, "--out", "out"],
    ):
        done = call(*command, "--timestamp", NOWHERE, cwd=folder)
        assert done.returncode == 2
        assert "error[AM610]" in done.stderr
        assert "--no-timestamp" in done.stderr
        assert sorted(path.name for path in folder.iterdir()) == ["a.csv"]
    without = call("stamp", "a.csv", "--no-timestamp", cwd=folder, ASSAYMARK_TIMESTAMP_URL=NOWHERE)
    assert without.returncode == 0, without.stderr
    assert (folder / "a.csv.c2pa").is_file()


def test_the_how_to(clock, folder, monkeypatch):
    here = clock("Clock of the house")
    monkeypatch.setenv("ASSAYMARK_CONFIG_DIR", str(folder / "config"))
    monkeypatch.setenv("CLOCK", here.url)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (folder / "table.csv").write_text("x\n1\n")
    (folder / "clock.pem").write_bytes(here.root)
    page = (Path(__file__).resolve().parents[3] / "docs/how-to/time-stamp-a-release.md").read_text()
    outputs = []
    for block in re.findall(r"^```sh\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE):
        script = block.replace("assaymark ", f"{sys.executable} -m assaymark.cli ")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, block + done.stdout + done.stderr
        outputs.append(done.stdout)
    assert re.search("time stamped: +yes .*Clock of the house", outputs[1])
    assert "was good when it signed" in outputs[2]
