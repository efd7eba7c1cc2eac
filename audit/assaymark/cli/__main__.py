"""``python -m assaymark.cli``."""

from assaymark.cli import main

main()
