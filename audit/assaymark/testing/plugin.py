"""The pytest plugin: fixtures for authors of generators and checks. Importing it imports nothing heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from assaymark.execution import Run
    from assaymark.tables.table import Table


@pytest.fixture
def assaymark_run(tmp_path: Path) -> Run:
    """A run with seed 0 that may write to a folder of its own."""
    from assaymark.execution import Run

    return Run(0, workdir=tmp_path)


@pytest.fixture
def assaymark_mixed_table() -> Table:
    """500 rows of every kind of column that a generator must bear.

    Integers with gaps, a bounded float, dates, a Boolean, a constant column, a column of 120 categories, missing values,
    and a binary target that depends on a protected column.
    """
    from assaymark.testing.tables import mixed_table

    return mixed_table(500, seed=0)
