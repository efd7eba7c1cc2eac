"""Selection rates and impact ratios of categories whose counts are shown only from ten people up.

Definitions: 6 RCNY 5-300 (selection rate, impact ratio) and 5-301(d) (a category under 2 % of the data may be left out of the
impact ratios). A count that is not shown leaves a range for the rate; an impact ratio is given where the most selected category
is certain all the same, and withheld where it is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SMALL_SHARE = Fraction(2, 100)


@dataclass(frozen=True, slots=True)
class Counted:
    """One category as counted: how many people, and how many of them were selected."""

    name: str
    n: int
    selected: int


@dataclass(frozen=True, slots=True)
class Category:
    """One category as shown.

    Attributes:
        name: Name of the category.
        n: People in it; None where fewer than the smallest publishable count.
        selected: Selected people; None where they, or the others, are too few to show.
        rate: Smallest and largest selection rate that what is shown allows; equal where the rate is shown.
        included: Whether it is at least 2 % of the data, so that it has an impact ratio.
        ratio: Smallest and largest impact ratio; None where left out or withheld.
    """

    name: str
    n: int | None
    selected: int | None
    rate: tuple[Fraction, Fraction]
    included: bool
    ratio: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True, slots=True)
class Assessed:
    """The categories of one attribute or intersection.

    Attributes:
        categories: Every category that may be named.
        most_selected: The category that the others are compared with; None where it is not certain.
        pooled: Categories too small to name, together; None where there are none.
        unknown: People of unknown category; None where the number is not shown.
        total: People in the data, those of unknown category among them.
    """

    categories: tuple[Category, ...]
    most_selected: str | None
    pooled: Counted | None
    unknown: int | None
    total: int


def assess(known: Sequence[Counted], unknown: Counted | None, pooled: Counted | None, *, smallest: int) -> Assessed:
    """Return rates and impact ratios of the categories.

    Args:
        known: Categories that may be named.
        unknown: People of unknown category; None where there are none, or where the pool may hold some.
        pooled: Categories too small to name, together.
        smallest: Smallest count that is shown, at least 1.
    """
    total = sum(each.n for each in (*known, *(one for one in (unknown, pooled) if one is not None)))
    shown = [_shown(each, total, smallest) for each in known]
    top = _most_selected(shown, _pool_bound(pooled, total))
    return Assessed(
        tuple(shown if top is None else [_with_ratio(each, top) for each in shown]),
        None if top is None else top.name,
        pooled,
        _unknown(unknown, pooled, smallest),
        total,
    )


def _shown(each: Counted, total: int, smallest: int) -> Category:
    included = each.n >= SMALL_SHARE * total
    if each.n < smallest:
        return Category(each.name, None, None, (Fraction(0), Fraction(1)), included)
    if each.selected < smallest:
        return Category(each.name, each.n, None, (Fraction(0), Fraction(smallest - 1, each.n)), included)
    if each.n - each.selected < smallest:
        return Category(each.name, each.n, None, (Fraction(each.n - smallest + 1, each.n), Fraction(1)), included)
    rate = Fraction(each.selected, each.n)
    return Category(each.name, each.n, each.selected, (rate, rate), included)


def _pool_bound(pooled: Counted | None, total: int) -> Fraction:
    """Return the largest rate that a category of 2 % or more could have within the pool; 0 when it can hold none."""
    least = math.ceil(SMALL_SHARE * total)
    if pooled is None or pooled.n < least:
        return Fraction(0)
    return min(Fraction(1), Fraction(pooled.selected, least))


def _most_selected(shown: Sequence[Category], pool: Fraction) -> Category | None:
    included = [each for each in shown if each.included]
    exact = [each for each in included if each.selected is not None]
    top = max(exact, key=lambda each: each.rate[0], default=None)
    if top is None or top.rate[0] == 0:
        return None
    others = max((each.rate[1] for each in included), default=Fraction(0))
    return top if top.rate[0] >= max(others, pool) else None


def _with_ratio(each: Category, top: Category) -> Category:
    if not each.included or each.n is None:
        return each
    low, high = (end / top.rate[0] for end in each.rate)
    return Category(each.name, each.n, each.selected, each.rate, each.included, (low, high))


def _unknown(unknown: Counted | None, pooled: Counted | None, smallest: int) -> int | None:
    if unknown is None:
        return 0 if pooled is None else None
    return unknown.n if unknown.n >= smallest else None
