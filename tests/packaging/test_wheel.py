"""The built package: what is in it, and that it works beside folders of the same names as its source roots."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "No matching distribution" in done.stderr:
        pytest.skip("the build backend cannot be installed here")
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_what_the_wheel_holds(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    packages = {"assaymark", "assaymark_copula", "assaymark_gan", "assaymark_diffusion", "assaymark_reports"}
    assert tops - {top for top in tops if top.endswith(".dist-info")} == packages
    for needed in ("results/audit.schema.json", "policy/default.toml", "py.typed"):
        assert f"assaymark/{needed}" in names
    assert {f"assaymark_reports/templates/report.{kind}" for kind in ("html.jinja", "css", "typ")} <= set(names)


def test_it_works_in_a_folder_with_packages_of_the_same_names(wheel, people, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    work = tmp_path / "work"
    for name in ("plugins", "reports", "audit", "copula"):
        (work / name).mkdir(parents=True)
        (work / name / "__init__.py").write_text("raise RuntimeError('the wrong package was imported')\n")
    (work / "people.csv").write_bytes(people.read_bytes())
    roles = ["--target", "approved", "--positive", "yes", "--protected", "sex"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    for arguments in (["run", "people.csv", *roles, "--out", "out"], ["verify", "out"]):
        command = [sys.executable, "-m", "assaymark.cli", *arguments]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 3}, done.stderr
    code = "import assaymark; print(assaymark.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, cwd=work, capture_output=True, text=True, check=True
    )
    assert str(site) in done.stdout


def test_constraints_are_bare_pins_of_every_dependency():
    lines = (ROOT / "constraints.txt").read_text().split()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    assert "torch==2.13.0" in lines
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["test"], *project["optional-dependencies"]["dev"]]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[<>=!\[ ]", text)[0]).lower() for text in asked} - {"assaymark"}
    assert names <= pinned
    assert not names & {"sdv", "c2pa"}
