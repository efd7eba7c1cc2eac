"""Assaymark: bias-and-provenance audits of synthetic tabular data."""

import os

__version__ = "0.1.0"

# Threads of torch and scikit-learn that wait by spinning take the cores from whoever works: on a busy machine fits took ten
# times as long. The libraries read this when they are loaded, so it must stand before any of them; whoever set it knows better.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
