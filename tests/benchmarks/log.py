"""Appending to the transparency log, proving and checking, as it grows.

python tests/benchmarks/log.py [--entries 1000 4000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine, table

from assaymark.provenance.keys import trusted_anchors
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.transparency.checking import check_log
from assaymark.provenance.transparency.entries import Stamp
from assaymark.provenance.transparency.proofs import check_proof, prove_inclusion
from assaymark.provenance.transparency.storage import Log


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[1000, 4000])
    sizes = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ASSAYMARK_CONFIG_DIR"] = folder
        rows = [measure_log(Path(folder) / f"{size}.sqlite", size) for size in sizes]
    print(f"{machine()}\n")
    print(table(["entries", "append, CPU ms", "prove", "check proof", "check log, CPU s", "file MiB", "proof KiB"], rows))


def measure_log(path: Path, size: int) -> list[str]:
    """Return a row of the table."""
    signer, times = open_development_signer(), []
    with Log(path, create=True) as log:
        for number in range(size):
            digest = f"{number:064x}"
            began = time.process_time()
            log.append(lambda now, digest=digest: Stamp("release", "release", digest, digest, now, now), signer)
            times.append(time.process_time() - began)
    anchors = trusted_anchors()
    with Log(path) as log:
        began = time.process_time()
        proof = prove_inclusion(log, size // 3)
        proven = time.process_time()
        assert not check_proof(proof, anchors).problems
        checked = time.process_time()
        assert not check_log(log, anchors).problems
        whole = time.process_time() - checked
    numbers = (
        f"{1000 * statistics.median(times[-200:]):.1f}",
        f"{1000 * (proven - began):.1f}",
        f"{1000 * (checked - proven):.1f}",
        f"{whole:.2f}",
        f"{path.stat().st_size / 2**20:.1f}",
        f"{len(str(proof)) / 1024:.1f}",
    )
    return [str(size), *numbers]


if __name__ == "__main__":
    main()
