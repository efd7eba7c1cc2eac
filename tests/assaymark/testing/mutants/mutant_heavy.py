"""A declaration that imports what it should not."""

import numpy as np  # noqa: F401 - that is what it does wrong
