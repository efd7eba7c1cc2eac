"""The demonstration: the whole way on real patients, with data that ship with scikit-learn."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.pipeline.requests import AuditResult, RunRequest, RunResult, VerifyRequest, VerifyResult
from assaymark.pipeline.running import run as run_request
from assaymark.pipeline.verifying import verify
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions

if TYPE_CHECKING:
    from assaymark.execution import Run

GENERATORS = ("copula", "gan", "diffusion")
TARGET = "progression"
SOURCE = "scikit-learn's diabetes study: 442 patients, sex coded 1 and 2, disease progression after one year"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """What the demonstration came to.

    Attributes:
        result: The audits of all generators.
        best: The audit that ranks first.
        verified: Verification of its release.
        out: Folder of it all.
    """

    result: RunResult
    best: AuditResult
    verified: VerifyResult
    out: Path


def demo(out: Path, run: Run, *, force: bool, timestamp: str | None = None) -> Demonstration:
    """Run three generators on the diabetes study, rank them by their audits and verify the best release."""
    with tempfile.TemporaryDirectory(prefix="assaymark-demo-") as folder:
        real = Path(folder) / "diabetes.csv"
        _write_diabetes(real)
        request = RunRequest(
            real=real,
            roles=RoleOptions(target=TARGET, positive_above="median", protected=("sex",)),
            tables=TableOptions(),
            out=out,
            generators=GENERATORS,
            force=force,
            timestamp=timestamp,
        )
        result = run_request(request, run)
    best = next(audit for audit in result.audits if audit.name == result.ranking[0])
    return Demonstration(result, best, verify(VerifyRequest(out / best.name)), out)


def _write_diabetes(path: Path) -> None:
    from sklearn.datasets import load_diabetes

    study: Any = load_diabetes(as_frame=True, scaled=False)
    frame = study.frame.rename(columns={"target": TARGET})
    frame.to_csv(path, index=False, lineterminator="\n")
