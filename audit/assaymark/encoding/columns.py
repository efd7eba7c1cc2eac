"""One codec a column: how its values become codes and normal scores, and come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assaymark.encoding.levels import COMMON, Levels, fit_levels
from assaymark.encoding.quantiles import CLIPPED, Quantiles, fit_bins, fit_quantiles
from assaymark.tables.schema import Column, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from assaymark.tables.table import Table

    Floats = NDArray[np.float64]

_FEW_VALUES = 20  # a numeric column with at most as many distinct values is a set of codes, where most of its rows share them
_SPIKE_SHARE = 0.05  # a value that this share of rows holds is a code of its own
_SPIKE_ROWS = 10
_LUMPY = 0.5  # share of rows in values of their own from which a number is better coded value by value
_FINER = 8  # a bin may be that many times smaller than equal bins would be
_OFF = 1e-6  # share of a step by which a multiple of it may be off
_DAY, _SECOND = 86_400_000_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as codes and scores; either may be absent.

    Attributes:
        codes: int32, shape (rows,); None when the column has no codes.
        scores: float64, shape (rows,); None when it has no scores.
    """

    codes: NDArray[np.int32] | None
    scores: Floats | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number lies in an encoding.

    Attributes:
        code: Its code; None in a column without codes.
        score: Its score; None where the code says it all, or nearly.
        share: Share of the column's values that lie about there.
        own: Whether the code is that number's alone.
    """

    code: int | None
    score: float | None
    share: float
    own: bool = False


@dataclass(frozen=True, slots=True)
class Codec:
    """How one column is encoded.

    Attributes:
        column: The column.
        levels: Its codes; None when every value is continuous.
        quantiles: Its quantile function; None when every value is a code. With both, code 0 stands for "continuous".
        step: Values are multiples of this; None for any value.
        gap: Whether a binned column has missing values, which have the last code.
        binned: Whether the segments of the quantile function are the codes, so that there are no scores.
    """

    column: Column
    levels: Levels | None
    quantiles: Quantiles | None
    step: float | None
    gap: bool = False
    binned: bool = False

    @property
    def coded(self) -> bool:
        """Whether the column has codes."""
        return self.levels is not None or self.binned

    @property
    def scored(self) -> bool:
        """Whether the column has scores."""
        return self.quantiles is not None and not self.binned

    @property
    def mixed(self) -> bool:
        """Whether some values are codes and others continuous."""
        return self.levels is not None and self.quantiles is not None

    @property
    def cardinality(self) -> int:
        """Number of codes, 0 without any."""
        if self.binned and self.quantiles is not None:
            return len(self.quantiles.low) + self.gap
        return 0 if self.levels is None else self.levels.cardinality + self.mixed

    @property
    def ordered(self) -> bool:
        """Whether the codes stand for numbers in ascending order, missing values aside."""
        return self.coded and not self.mixed and self.column.kind is not Kind.CATEGORICAL

    def known(self) -> tuple[tuple[Any, int], ...]:
        """Return the values that have a code of their own, with it."""
        if self.binned and self.quantiles is not None:
            flat = np.flatnonzero(self.quantiles.low == self.quantiles.high)
            return tuple((float(self.quantiles.low[place]), int(place)) for place in flat)
        if self.levels is None:
            return ()
        as_value = bool if self.column.kind is Kind.BOOLEAN else lambda value: value
        return tuple((as_value(value), code + self.mixed) for code, value in enumerate(self.levels.values))

    def place(self, number: float) -> Place | None:
        """Return where a number or a date lies, a share of the rows that lie there, and None where fewer than ten do."""
        for value, code in self.known():
            if float(value) == number:
                return Place(code, None, self.share(code), own=True)
        if self.quantiles is None or not self.quantiles.low[0] <= number <= self.quantiles.high[-1]:
            return None
        if self.step is not None and abs(_rounded(np.array([number]), self.step)[0] - number) > _OFF * self.step:
            return None
        segment = int(self.quantiles.segments(np.array([number]))[0])
        low, high = self.quantiles.edges[segment : segment + 2]
        share = float(high - low)
        if self.binned:
            return Place(segment, None, share)
        wide = self.quantiles.high[segment] - self.quantiles.low[segment]
        way = np.clip((number - self.quantiles.low[segment]) / wide, 0, 1) if wide > 0 else 0.5
        return Place(0 if self.mixed else None, float(self.quantiles.score(low + way * share)), share)

    def share(self, code: int) -> float:
        """Return the share of a code among the values that have one, about."""
        if self.binned and self.quantiles is not None:
            return float(self.quantiles.edges[code + 1] - self.quantiles.edges[code])
        weights = () if self.levels is None else self.levels.weights
        return weights[code - self.mixed] / max(sum(weights), 1)

    def encode(self, table: Table, rng: np.random.Generator) -> Coded:
        """Encode a column; ``rng`` places values within a probability that many rows share."""
        if self.binned and self.quantiles is not None:
            numbers = table.numbers(self.column.name)
            missing = np.isnan(numbers)
            segments = self.quantiles.segments(np.where(missing, self.quantiles.low[0], numbers))
            return Coded(np.where(missing & self.gap, len(self.quantiles.low), segments).astype(np.int32), None)
        if self.quantiles is None:
            present, values = _indexed(table, self.column)
            return Coded(None if self.levels is None else self.levels.codes(present, values), None)
        numbers = table.numbers(self.column.name)
        codes = None if self.levels is None else self._mixed_codes(numbers)
        continuous = np.ones(len(numbers), dtype=bool) if codes is None else codes == 0
        scores = rng.standard_normal(len(numbers))  # where a code says it all the score is noise
        scores[continuous] = self.quantiles.scores(np.nan_to_num(numbers[continuous]), rng)
        return Coded(codes, scores)

    def _mixed_codes(self, numbers: Floats) -> NDArray[np.int32]:
        levels = self.levels
        if levels is None:
            raise ValueError("a column without codes has no mixed ones")
        codes = np.zeros(len(numbers), dtype=np.int32)
        for place, value in enumerate(levels.values):
            codes[numbers == value] = place + 1
        codes[np.isnan(numbers)] = len(levels.values) + 1 if levels.missing else 0
        return codes

    def decode(self, coded: Coded, rng: np.random.Generator) -> Sequence[Any] | Floats:
        """Return values: float64 with NaN for numeric kinds (datetimes in microseconds), else a list with None."""
        if self.quantiles is None:
            if self.levels is None or coded.codes is None:
                raise ValueError("a column needs codes or scores")
            return self._values(self.levels.kept(coded.codes, rng))
        if self.binned and coded.codes is not None:
            return self._from_bins(coded.codes, self.quantiles, rng)
        if coded.scores is None:
            raise ValueError("a continuous column needs scores")
        numbers = self.quantiles.values(coded.scores)
        if self.step is not None:
            numbers = _rounded(numbers, self.step)
        if self.levels is not None and coded.codes is not None:
            table = np.array([np.nan, *self.levels.values, np.nan], dtype=np.float64)
            numbers = np.where(coded.codes == 0, numbers, table[coded.codes])
        return np.clip(numbers, *self._range()) if self.step is not None else numbers

    def _from_bins(self, codes: NDArray[np.int32], bins: Quantiles, rng: np.random.Generator) -> Floats:
        missing = codes >= len(bins.low)
        places, shares = np.where(missing, 0, codes).astype(np.int64), rng.random(len(codes))
        if self.step is None:
            numbers = bins.within(places, shares)
        else:  # each multiple of the step that a bin holds is as likely as the others
            held = np.round((bins.high[places] - bins.low[places]) / self.step) + 1
            numbers = _rounded(bins.low[places] + np.floor(shares * held) * self.step, self.step)
            numbers = np.clip(numbers, bins.low[0], bins.high[-1])
        numbers[missing] = np.nan
        return numbers

    def _range(self) -> tuple[float, float]:
        if self.quantiles is None:
            return -np.inf, np.inf
        values = [] if self.levels is None else [float(value) for value in self.levels.values]
        return min([float(self.quantiles.low[0]), *values]), max([float(self.quantiles.high[-1]), *values])

    def _values(self, places: NDArray[np.int64]) -> Sequence[Any] | Floats:
        values = () if self.levels is None else self.levels.values
        if self.column.kind in {Kind.CATEGORICAL, Kind.BOOLEAN}:
            as_value = bool if self.column.kind is Kind.BOOLEAN else str
            shown = [*(as_value(value) for value in values), None]
            return [shown[place] for place in places]
        return np.array([*values, np.nan], dtype=np.float64)[places]

    def document(self) -> dict[str, Any]:
        """Return the JSON-ready form, the column itself aside."""
        return {
            "levels": None if self.levels is None else self.levels.document(),
            "quantiles": None if self.quantiles is None else self.quantiles.document(),
            "step": self.step,
            "gap": self.gap,
            "binned": self.binned,
        }

    @classmethod
    def read(cls, column: Column, document: Any) -> Codec:
        """Return what :meth:`document` wrote."""
        levels, quantiles, step = document["levels"], document["quantiles"], document["step"]
        codec = cls(
            column,
            None if levels is None else Levels.read(levels),
            None if quantiles is None else Quantiles.read(quantiles),
            None if step is None else float(step),
            bool(document["gap"]),
            bool(document["binned"]),
        )
        if codec.levels is None and codec.quantiles is None:
            raise ValueError("a column needs levels or quantiles")
        if codec.binned and (codec.quantiles is None or codec.levels is not None):
            raise ValueError("a binned column needs quantiles alone")
        return codec


def _rounded(numbers: Floats, step: float) -> Floats:
    if step < 1:
        digits = round(-np.log10(step))
        return np.round(numbers, digits)
    return np.round(numbers / step) * step


def _indexed(table: Table, column: Column) -> tuple[NDArray[np.int32], tuple[Any, ...]]:
    """Return indices into the distinct values, -1 where missing, and those values, sorted."""
    if column.kind is Kind.CATEGORICAL:
        encoded = table.column(column.name).combine_chunks().dictionary_encode()
        raw: list[str] = encoded.dictionary.to_pylist()
        order = sorted(range(len(raw)), key=raw.__getitem__)
        rank = np.empty(len(raw) + 1, dtype=np.int32)
        rank[order] = np.arange(len(raw), dtype=np.int32)
        rank[len(raw)] = -1
        return rank[encoded.indices.fill_null(len(raw)).to_numpy(zero_copy_only=False)], tuple(raw[place] for place in order)
    numbers = table.numbers(column.name)
    known = ~np.isnan(numbers)
    values, inverse = np.unique(numbers[known], return_inverse=True)
    present = np.full(len(numbers), -1, dtype=np.int32)
    present[known] = inverse
    return present, tuple(float(value) for value in values)


@dataclass(frozen=True, slots=True)
class Coarseness:
    """How numbers are coded.

    Attributes:
        bins: Most codes of a number whose rows mostly share their values, as ages and prices do; 0 to keep it continuous.
        equal: Bins of a number whose rows hardly share values; 0 to keep it continuous.
    """

    bins: int = 0
    equal: int = 0


def fit_codec(table: Table, column: Column, coarseness: Coarseness) -> Codec:
    """Choose how a column is encoded, from its values."""
    present, values = _indexed(table, column)
    step = _step(column, values)
    counts = np.bincount(present[present >= 0], minlength=len(values))
    if column.kind in {Kind.CATEGORICAL, Kind.BOOLEAN} or _few(counts):
        return Codec(column, fit_levels(column.name, present, values), None, step)
    total = int(counts.sum())
    spikes = np.flatnonzero((counts >= _SPIKE_SHARE * total) & (counts >= _SPIKE_ROWS))
    if total - counts[spikes].sum() < COMMON:
        return Codec(column, fit_levels(column.name, present, values), None, step)
    missing = bool((present < 0).any())
    numbers = np.array(values, dtype=np.float64)
    rest = np.where(np.isin(np.arange(len(values)), spikes), 0, counts)
    bins = _bins(numbers, counts, rest, coarseness, step)
    if bins is not None:
        return Codec(column, None, bins, step, missing, binned=True)
    quantiles = fit_quantiles(np.repeat(numbers, rest), step=step)
    if not len(spikes) and not missing:
        return Codec(column, None, quantiles, step)
    levels = Levels(tuple(float(numbers[s]) for s in spikes), tuple(int(counts[s]) for s in spikes), False, missing)  # noqa: FBT003 - see Levels
    return Codec(column, levels, quantiles, step)


def _few(counts: NDArray[np.int64]) -> bool:
    """Return whether a number has so few values, and so many rows of each, that it is a set of codes."""
    total = int(counts.sum())
    return total < COMMON or (len(counts) <= _FEW_VALUES and 2 * int(counts[counts >= COMMON].sum()) >= total)


def _bins(
    numbers: Floats, counts: NDArray[np.int64], rest: NDArray[np.int64], coarseness: Coarseness, step: float | None
) -> Quantiles | None:
    """Return the bins of a number, or None where it is better kept continuous; ``rest`` are the counts without spikes."""
    values = np.repeat(numbers, counts)
    if coarseness.bins:
        found = fit_bins(values, coarseness.bins, max(CLIPPED, int(rest.sum()) // (_FINER * coarseness.bins)), step)
        flat = found.low[found.low == found.high]
        if rest[np.isin(numbers, flat)].sum() >= _LUMPY * rest.sum():
            return found
    if coarseness.equal:
        return fit_bins(values, coarseness.equal, max(CLIPPED, int(rest.sum()) // coarseness.equal), step)
    return None


def _step(column: Column, values: tuple[Any, ...]) -> float | None:
    if column.kind is Kind.INTEGER:
        return 1.0
    if column.kind is Kind.FLOAT:
        return None if column.decimals is None else float(10.0**-column.decimals)
    if column.kind is Kind.DATETIME:
        # the coarsest unit that all values are whole numbers of
        return next((float(unit) for unit in (_DAY, _SECOND) if all(value % unit == 0 for value in values)), 1.0)
    return None
