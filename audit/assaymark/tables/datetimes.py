"""Dates and times in the layouts in which tables write them; strict, and the same under every locale."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_FIELDS = {"Y": r"\d{4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "M": r"\d{2}", "S": r"\d{2}", "f": r"\d{1,6}"}
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y")
_CLOCKS = ("", " %H:%M:%S", "T%H:%M:%S", " %H:%M", "T%H:%M", " %H:%M:%S.%f", "T%H:%M:%S.%f", "T%H:%M:%SZ", "T%H:%M:%S.%fZ")
LAYOUTS = tuple(date + clock for date in _DATES for clock in _CLOCKS)
"""Layouts that are told from the data. Where days and months cannot be told apart, ``/`` means month first, ``.`` day first."""

_PROBE = 100


def is_layout(text: str) -> bool:
    """Return whether ``text`` is a layout that can be read and written: year, month and day, each once, and a clock if any."""
    fields = re.findall(r"%(.)", text)
    return set("Ymd") <= set(fields) <= set(_FIELDS) and len(fields) == len(set(fields))


def _pattern(layout: str) -> str:
    parts = re.split(r"%(.)", layout)
    return (
        "^"
        + "".join(f"(?P<{part}>{_FIELDS[part]})" if place % 2 else re.escape(part) for place, part in enumerate(parts))
        + "$"
    )


def parse_datetimes(texts: pa.Array, layout: str) -> pa.Array | None:
    """Parse strings as ``timestamp[us]``; None when any is not a real date in ``layout``."""
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    fields = pc.extract_regex(texts, _pattern(layout))
    if fields.null_count > texts.null_count:
        return None

    def part(name: str, width: int, empty: str) -> pa.Array | str:
        if f"%{name}" not in layout:
            return empty
        values = pc.struct_field(fields, name)
        return pc.utf8_rpad(values, width, "0") if name == "f" else pc.utf8_lpad(values, width, "0")

    date = pc.binary_join_element_wise(part("Y", 4, ""), part("m", 2, ""), part("d", 2, ""), "-")
    clock = pc.binary_join_element_wise(part("H", 2, "00"), part("M", 2, "00"), part("S", 2, "00"), ":")
    text = pc.binary_join_element_wise(date, "T", clock, ".", part("f", 6, "000000"), "")
    try:
        return pc.if_else(pc.is_null(texts), pa.scalar(None, pa.timestamp("us")), text.cast(pa.timestamp("us")))
    except pa.ArrowInvalid:  # 30 February, or a 13th month
        return None


def find_layout(texts: pa.Array) -> str | None:
    """Return the first layout in which all of ``texts`` are real dates; None when there is none."""
    probe = texts.slice(0, _PROBE)
    for layout in LAYOUTS:
        if parse_datetimes(probe, layout) is not None and parse_datetimes(texts, layout) is not None:
            return layout
    return None


def format_datetimes(values: pa.ChunkedArray, layout: str) -> pa.ChunkedArray:
    """Write timestamps as strings in ``layout``; what is finer than the layout is cut off."""
    import pyarrow as pa

    from assaymark.tables.kernels import pc

    readers = {
        "Y": (pc.year, 4),
        "m": (pc.month, 2),
        "d": (pc.day, 2),
        "H": (pc.hour, 2),
        "M": (pc.minute, 2),
        "S": (pc.second, 2),
    }
    pieces: list[pa.ChunkedArray | str] = []
    for place, part in enumerate(re.split(r"%(.)", layout)):
        if place % 2 == 0:
            pieces.append(part)
        elif part == "f":
            micros = pc.add(pc.multiply(pc.millisecond(values), 1000), pc.microsecond(values))
            pieces.append(pc.utf8_lpad(micros.cast(pa.string()), 6, "0"))
        else:
            read, width = readers[part]
            pieces.append(pc.utf8_lpad(read(values).cast(pa.string()), width, "0"))
    return pc.binary_join_element_wise(*pieces, "")
