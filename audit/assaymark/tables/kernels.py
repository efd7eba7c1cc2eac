"""Arrow's compute functions: made when Arrow is loaded, so that a type checker cannot see them."""

from __future__ import annotations

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
