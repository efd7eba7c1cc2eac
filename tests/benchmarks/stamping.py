"""Stamping and verifying a large file, beside the time that hashing it alone takes.

python tests/benchmarks/stamping.py [--mebibytes 1024]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import machine, measure, python, table

HASH = "import hashlib, sys; print(hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha256').hexdigest())"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=1024)
    size = parser.parse_args().mebibytes
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.parquet"
        with file.open("wb") as out:
            for _ in range(size):
                out.write(os.urandom(2**20))
        keys = {"ASSAYMARK_CONFIG_DIR": folder}
        tool = [sys.executable, "-m", "assaymark.cli"]
        measure([*tool, "keys", "init"], keys)
        commands = {
            "sha256sum": ["sha256sum", str(file)],
            "hashlib alone": python(HASH, str(file)),
            "assaymark stamp": [*tool, "stamp", str(file), "--force"],
            "assaymark verify": [*tool, "verify", str(file)],
        }
        measure(commands["sha256sum"])  # the file is in memory from here on
        found = {name: measure(command, keys) for name, command in commands.items()}
    base = found["sha256sum"]
    rows = [
        [name, f"{one.wall:.2f}", f"{one.cpu:.2f}", f"{one.wall / base.wall:.2f}", f"{one.rss:.0f}", str(one.code)]
        for name, one in found.items()
    ]
    print(f"{size} MiB; {machine()}\n")
    print(table(["command", "wall s", "CPU s", "of sha256sum", "peak MiB", "exit"], rows))


if __name__ == "__main__":
    main()
