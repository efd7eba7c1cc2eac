"""Membership inference and distances to closest records on Adult, beside brute force, in one process on one thread.

    python tests/benchmarks/membership.py [FOLDER OF THE DATA]

Brute force is scikit-learn's, of one kind of distance only: that of every synthetic row to the closest real row. Both look at
the same points; how far the answers differ is printed, too.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from assaymark.checks.plugin import assaymark_checks
from assaymark.checks.privacy import closest_records, membership
from assaymark.checks.privacy.proximity import closest, points
from assaymark.execution import Run
from assaymark.host.specs import CheckInput
from assaymark.policy.loading import load_policy
from assaymark.tables.loading import TableOptions, load_like, load_real
from assaymark.tables.roles import RoleOptions

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RENAMES = {
    "type_employer": "workclass",
    "marital": "marital_status",
    "hr_per_week": "hours_per_week",
    "country": "native_country",
}
SAME = 32_561


def clock(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what ``work`` returns, and its processor and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    value = work()
    return value, {"cpu_s": round(time.process_time() - cpu, 2), "wall_s": round(time.perf_counter() - wall, 2)}


def brute(queries: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Return the distance of each query to the closest row of ``base`` by comparing all pairs."""
    from sklearn.neighbors import NearestNeighbors

    found, _ = NearestNeighbors(n_neighbors=1, algorithm="brute", n_jobs=1).fit(base).kneighbors(queries)
    return found[:, 0]


def main(folder: Path) -> None:
    """Print one JSON document."""
    roles = RoleOptions(target="income", positive=">50K", protected=("sex", "race"))
    real = load_real(folder / "adult_train.csv", TableOptions(), roles).table
    holdout = load_like(folder / "adult_test.csv", real.schema, TableOptions()).table
    synthetic = load_like(folder / "adult_synthetic_ctgan.csv", real.schema, TableOptions(), rename=RENAMES).table
    policy = load_policy(None, frozenset(identifier for spec in assaymark_checks() for identifier in spec.ids))
    data = CheckInput(real, holdout, synthetic, real.schema, None, policy, Run(0))
    small = CheckInput(*(t.take(np.arange(500)) for t in (real, holdout, synthetic)), real.schema, None, policy, Run(0))
    list(membership.check(small)), list(closest_records.check(small))  # imports are not part of the work
    with threadpool_limits(limits=1):
        known, encoding = clock(lambda: points([real, holdout], [synthetic], real.schema.learnable, Run(0)))
        base, asked = known[0], known[2].take(np.arange(SAME))
        ours, search = clock(lambda: closest(asked, base, 1, Run(0))[:, 0])
        theirs, all_pairs = clock(lambda: brute(asked.coordinates, base.coordinates) / np.sqrt(2.0))
        _, attacks = clock(lambda: list(membership.check(data)))
        _, distances = clock(lambda: list(closest_records.check(data)))
    whole = attacks["cpu_s"] + distances["cpu_s"]
    result = {
        "rows": {"real": real.rows, "synthetic": synthetic.rows, "holdout": holdout.rows},
        "one search, 32,561 x 32,561": {"encode": encoding, "ours": search, "brute force": all_pairs},
        "largest difference": float(np.abs(ours - theirs).max()),
        "ours / brute force, cpu": round((encoding["cpu_s"] + search["cpu_s"]) / all_pairs["cpu_s"], 3),
        "membership check": attacks,
        "closest-records check": distances,
        "both checks / one brute force search, cpu": round(whole / all_pairs["cpu_s"], 3),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
