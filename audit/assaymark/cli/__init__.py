"""The command line. Importing it imports no science; a command's own module is imported when the command is called."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit."""
    from assaymark.cli.application import run

    run()
