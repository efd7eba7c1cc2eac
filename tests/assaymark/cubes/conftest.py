"""Rows of a holdout as classifiers label them, made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from assaymark.cubes.fine import FineCube
from assaymark.cubes.models import LabelledRows, ModelKey

KEYS = tuple(ModelKey("trees", trained_on, seed) for trained_on in ("real", "synthetic", "real_again") for seed in (0, 1))


def labelled(
    counts: dict[tuple[str, ...], Sequence[int]],
    attributes: tuple[str, ...] = ("sex",),
    keys: Sequence[ModelKey] = KEYS,
    *,
    accuracy: float = 0.8,
    seed: int = 0,
) -> tuple[LabelledRows, FineCube]:
    """Make rows from (rest, positive) counts by group; each classifier is right with the same probability."""
    rng = np.random.default_rng(seed)
    groups = tuple(sorted(counts))
    sizes = np.array([counts[group] for group in groups], dtype=np.int64)
    combination = np.repeat(np.arange(len(groups)), sizes.sum(axis=1)).astype(np.intp)
    truth = np.concatenate([np.repeat([False, True], row) for row in sizes])
    base = rng.random(len(truth)) < accuracy  # classifiers of one learner are alike
    labels = {}
    for key in keys:
        own = np.where(rng.random(len(truth)) < 0.7, base, rng.random(len(truth)) < accuracy)
        labels[key] = truth == own
    return LabelledRows(attributes, groups, combination, truth, labels), FineCube(attributes, groups, sizes)


@pytest.fixture(scope="session")
def make_labelled() -> Callable[..., tuple[LabelledRows, FineCube]]:
    return labelled
