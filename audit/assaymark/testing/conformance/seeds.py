"""What a seed fixes, and what it must not touch."""

from __future__ import annotations

import locale
import random
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.execution import BATCH_ROWS, Run
from assaymark.host.specs import Determinism
from assaymark.testing.conformance.catalogue import conformance, require
from assaymark.testing.conformance.subject import SAMPLED
from assaymark.testing.conformance.watched import digest

if TYPE_CHECKING:
    from assaymark.testing.conformance.subject import Subject

_ODD = 746_153_991


def _not_bitwise(subject: Subject) -> str | None:
    return None if subject.spec.capabilities.determinism is Determinism.BITWISE else "no reproducible output is declared"


@conformance("seeds.same_seed_same_rows", unless=_not_bitwise)
def same(subject: Subject) -> None:
    """Fitted and sampled again with the same seeds, it gives the same rows."""
    again = subject.sample(subject.fit(subject.table), SAMPLED)
    require(again.arrow.equals(subject.sampled.arrow), "a second fit with one seed gives other rows")


@conformance("seeds.other_seed_other_rows")
def other(subject: Subject) -> None:
    """Another seed gives other rows."""
    rows = subject.sample(subject.fitted, SAMPLED, seed=1)
    require(not rows.arrow.equals(subject.sampled.arrow), "another seed gives the same rows")


@conformance("seeds.another_process", unless=_not_bitwise)
def process(subject: Subject) -> None:
    """A fresh process gives the same bytes."""
    require(subject.observed["sampled"] == digest(subject.sampled), "a fresh process gives other rows")


@conformance("seeds.batches_apart", unless=_not_bitwise)
def apart(subject: Subject) -> None:
    """A batch does not depend on how many come after it."""
    alone, *_ = subject.fitted.sample(BATCH_ROWS, Run(0))
    first, *_ = subject.fitted.sample(BATCH_ROWS + 9, Run(0))
    require(alone.arrow.equals(first.arrow), "the first batch changes with the number of rows")


@conformance("seeds.global_state")
def state(subject: Subject) -> None:
    """Random states and the locale of the process are left alone."""
    kept, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - what must not change
    # states that no generator would set by itself, or by an earlier fit
    random.seed(_ODD)
    np.random.seed(_ODD)  # noqa: NPY002 - as above
    try:
        before = _states()
        subject.sample(subject.fit(subject.table), 5)
        changed = [name for name, value in _states().items() if before.get(name, value) != value]
    finally:
        random.setstate(kept)
        np.random.set_state(legacy)  # noqa: NPY002 - as above
    require(not changed, f"changed: {', '.join(changed)}")


def _states() -> dict[str, Any]:
    _, numbers, place, *_ = np.random.get_state()  # noqa: NPY002 - as above
    found: dict[str, Any] = {
        "random": random.getstate(),
        "numpy.random": (np.asarray(numbers).tobytes(), place),
        "locale": locale.setlocale(locale.LC_ALL),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = torch.get_rng_state().numpy().tobytes()
    return found
