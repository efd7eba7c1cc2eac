"""What the checks of classifiers look at, from labels of made-up holdout rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from assaymark.cubes.fine import FineCube
from assaymark.cubes.models import LabelledRows, ModelKey
from assaymark.cubes.publishing import publish
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.policy.model import Policy
from assaymark.tables.schema import Schema


@pytest.fixture(scope="session")
def model_input(policy: Policy, make_cube: Callable[..., FineCube]) -> Callable[..., CheckInput]:
    """Return what a check of classifiers looks at, from the group, outcome and labels of each row of a holdout."""

    def make(
        group: Sequence[str],
        truth: Sequence[bool],
        labels: Mapping[ModelKey, Sequence[bool]],
        *,
        seed: int = 0,
        **change: object,
    ) -> CheckInput:
        chosen = replace(policy, **change)  # type: ignore[arg-type]
        names, combination = np.unique(np.asarray(group), return_inverse=True)
        groups = tuple((str(name),) for name in names)
        known = np.asarray(truth, dtype=bool)
        counts = np.bincount(combination * 2 + known, minlength=2 * len(groups)).reshape(-1, 2)
        rows = LabelledRows(
            ("sex",), groups, combination.astype(np.intp), known, {k: np.asarray(v, dtype=bool) for k, v in labels.items()}
        )
        plain = make_cube({"A": (500, 500), "B": (400, 300)})
        holdout = FineCube(("sex",), groups, counts.astype(np.int64))
        cubes = publish(plain, plain, holdout, target="t", positive="1", small_cell=chosen.small_cell, labelled=rows)
        return CheckInput(None, None, None, Schema(()), cubes, chosen, Run(seed))  # type: ignore[arg-type]

    return make
