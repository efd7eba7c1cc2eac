"""Distributions on disk, as an installer would leave them, and a process that finds them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

LISTING = """
import json
from assaymark.host.registry import load_registry
registry = load_registry()
print(json.dumps({
    "plugins": {
        f"{p.distribution}:{p.name}": [p.state.value, p.reason, p.version] for p in registry.plugins
    },
    "generators": sorted(registry.generators),
    "checks": list(registry.checks),
    "heavy": sorted({"numpy", "pandas", "torch", "pyarrow", "pydantic"} & set(__import__("sys").modules)),
}))
"""

Install = Callable[..., Path]
Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Return a function that puts a distribution with one module into a folder of packages."""
    site = tmp_path / "site"

    def put(
        distribution: str,
        module: str,
        source: str | None,
        *,
        entry: str | None = None,
        group: str = "assaymark.plugins.v1",
        version: str = "1.2.3",
        points: str | None = None,
    ) -> Path:
        site.mkdir(exist_ok=True)
        files = []
        if source is not None:
            (site / f"{module}.py").write_text(dedent(source), encoding="utf-8")
            files.append(f"{module}.py,,")
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n", encoding="utf-8")
        text = points if points is not None else f"[{group}]\n{entry or distribution} = {module}\n"
        (info / "entry_points.txt").write_text(text, encoding="utf-8")
        files += [f"{info.name}/{name},," for name in ("METADATA", "RECORD", "entry_points.txt")]
        (info / "RECORD").write_text("\n".join(files) + "\n", encoding="utf-8")
        return site

    return put


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Return a function that runs Python code in a fresh process that sees the installed distributions."""

    def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        variables = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        variables |= {"ASSAYMARK_CONFIG_DIR": str(tmp_path / "config"), **environment}
        command = [sys.executable, "-c", dedent(code)]
        return subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture
def listing(ask: Ask) -> Callable[..., dict[str, object]]:
    """Return a function that gives what the registry of a fresh process holds."""

    def read(**environment: str) -> dict[str, object]:
        answer = ask(LISTING, **environment)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    return read
