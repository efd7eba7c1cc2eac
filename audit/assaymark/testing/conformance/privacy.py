"""What a generator must not give away of the rows that it learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table
from assaymark.testing.conformance.catalogue import conformance, require

if TYPE_CHECKING:
    from assaymark.testing.conformance.subject import Subject

_FEW = 9  # rows; what fewer than ten hold is nobody's business
_COPIED = 0.05  # share of rows found verbatim, where fresh rows would have none


def _no_categories(subject: Subject) -> str | None:
    return None if Kind.CATEGORICAL in subject.spec.capabilities.kinds else "categorical columns are not declared"


def _no_numbers(subject: Subject) -> str | None:
    return None if Kind.FLOAT in subject.spec.capabilities.kinds else "float columns are not declared"


def _no_claim(subject: Subject) -> str | None:
    return "no differential privacy is declared" if subject.spec.privacy is None else None


@conformance("privacy.rare_category", unless=_no_categories)
def category(subject: Subject) -> None:
    """A category that nine rows hold is never made."""
    words = np.where(np.arange(600) < _FEW, "rare", np.where(np.arange(600) % 2, "x", "y")).tolist()
    schema = Schema((Column("word", Kind.CATEGORICAL),))
    made = subject.sample(subject.fit(Table.from_columns({"word": words}, schema)), 3000)
    require("rare" not in set(made.column("word").to_pylist()), "a category of nine rows is made")


@conformance("privacy.extreme_value", unless=_no_numbers)
def extreme(subject: Subject) -> None:
    """An extreme value that a single row holds is never made, nor anything beyond what others hold by far."""
    numbers = np.random.Generator(np.random.PCG64(9)).normal(size=600)
    numbers[3] = 1000.0
    schema = Schema((Column("number", Kind.FLOAT),))
    made = subject.sample(subject.fit(Table.from_columns({"number": numbers}, schema)), 3000).numbers("number")
    require(np.nanmax(made) < 100.0, f"a value of {np.nanmax(made):.0f} is made, where all but one row are below 5")  # noqa: PLR2004


@conformance("privacy.identifier", unless=_no_categories)
def identifier(subject: Subject) -> None:
    """An identifier is never copied."""
    names = [f"person-{place:04d}" for place in range(400)]
    schema = Schema((Column("id", Kind.IDENTIFIER), Column("word", Kind.CATEGORICAL)))
    columns = {"id": names, "word": ["x", "y"] * 200}
    made = subject.sample(subject.fit(Table.from_columns(columns, schema)), 400)
    copied = set(made.column("id").to_pylist()) & set(names) if "id" in made.names else set()
    require(not copied, f"{len(copied)} identifiers are copied")


@conformance("privacy.copied_rows", unless=_no_numbers)
def copies(subject: Subject) -> str:
    """Rows of continuous numbers are not copied."""
    rng = np.random.Generator(np.random.PCG64(10))
    names = ("a", "b", "c")
    columns = {name: rng.normal(size=500) for name in names}
    schema = Schema(tuple(Column(name, Kind.FLOAT) for name in names))
    made = subject.sample(subject.fit(Table.from_columns(columns, schema)), 500)
    known = set(zip(*columns.values(), strict=True))
    share = np.mean([row in known for row in zip(*(made.numbers(name) for name in names), strict=True)])
    require(share <= _COPIED, f"{share:.0%} of the rows are found in the table")
    return f"{share:.1%} of the rows are found in the table"


@conformance("privacy.claim", unless=_no_claim)
def claim(subject: Subject) -> str:
    """A generator that declares differential privacy tells the budget that a fit spent."""
    told = getattr(subject.fitted, "privacy", None)
    epsilon = getattr(told, "epsilon", None)
    require(isinstance(epsilon, int | float) and epsilon >= 0, "what fit returns has no attribute privacy with an epsilon")
    return f"epsilon {epsilon:g} claimed"
