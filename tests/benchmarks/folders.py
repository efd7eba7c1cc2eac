"""Stamping and verifying a release of many files, as whole processes.

A release of a run on made-up people gets as many small files as it takes, is stamped again, and is verified by the command.

python tests/benchmarks/folders.py [--files 1000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine, measure, python, table

PREPARE = """
import sys
from pathlib import Path
from assaymark.tables.writing import write_table
from assaymark.testing.tables import mixed_table
write_table(mixed_table(3000, seed=7), Path(sys.argv[1]), "csv")
"""
FILL = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
for path in [*folder.glob("*.c2pa"), folder / "release.json"]:
    path.unlink()
for number in range(int(sys.argv[2]) - len(list(folder.iterdir())) - 1):  # one of them is release.json
    (folder / f"part-{number:05}.csv").write_text(f"a,b\\n{number},1\\n")
"""
STAMP = """
import json, sys
from pathlib import Path
from assaymark.provenance.signing import open_development_signer
from assaymark.provenance.stamping import ReleaseClaims, stamp_release
folder = Path(sys.argv[1])
audit = json.loads((folder / "audit.json").read_bytes())
data = audit["datasets"]
claims = ReleaseClaims(
    created=audit["created"], assaymark=audit["assaymark"], generated=True, data_file=data["synthetic"]["file"],
    generator=audit["generator"], real=data["real"], holdout=data["holdout"], policy_sha256=audit["policy"]["sha256"],
    verdict=audit["verdict"],
)
with open_development_signer() as signer:
    stamp_release(folder, signer, claims=claims)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as place:
        people, folder, keys = Path(place) / "people.csv", Path(place) / "out", {"ASSAYMARK_CONFIG_DIR": place}
        tool = [sys.executable, "-m", "assaymark.cli"]
        roles = ["--target", "approved", "--positive", "yes", "--protected", "sex"]
        measure(python(PREPARE, str(people)), keys)
        measure([*tool, "run", str(people), *roles, "--out", str(folder)], keys)
        measure(python(FILL, str(folder), str(files)), keys)
        measure(["sha256sum", *(str(path) for path in folder.iterdir())])
        commands = {
            "stamp the folder": python(STAMP, str(folder)),
            "assaymark verify": [*tool, "verify", str(folder)],
            "assaymark verify --independent": [*tool, "verify", str(folder), "--independent"],
        }
        found = {name: measure(command, keys) for name, command in commands.items()}
        signed = len(list(folder.glob("*.c2pa")))
    rows = [[name, f"{one.wall:.2f}", f"{one.cpu:.2f}", f"{one.rss:.0f}", str(one.code)] for name, one in found.items()]
    print(f"{signed} files, a sidecar each; {machine()}\n")
    print(table(["command", "wall s", "CPU s", "peak MiB", "exit"], rows))


if __name__ == "__main__":
    main()
