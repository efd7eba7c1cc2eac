"""Help is quick, and imports no science."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assaymark.cli.application import COMMANDS

HEAVY = ("torch", "pandas", "fairlearn", "c2pa", "numpy", "pyarrow", "scipy", "sklearn", "duckdb", "altair", "fastjsonschema")
CODE = """
import sys, time
began = time.perf_counter()
from assaymark.cli.application import run
try:
    run({arguments!r})
except SystemExit as error:
    code = error.code
print([name for name in {heavy!r} if name in sys.modules], code, time.perf_counter() - began, file=sys.stderr)
"""


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS), ["plugins", "list"], ["keys", "init"]])
def test_help_imports_nothing_heavy(command):
    code = CODE.format(arguments=[*command, "--help"], heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = done.stderr.strip().splitlines()[-1]
    assert told.startswith("[] 0 "), told
    assert "Usage: assaymark" in done.stdout
    print(command, told)


def test_the_help_of_the_root_lists_every_command():
    done = subprocess.run([sys.executable, "-m", "assaymark.cli", "--help"], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert "130" in done.stdout
