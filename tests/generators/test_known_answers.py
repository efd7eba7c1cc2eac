"""What a generator must keep of a table whose answers are known; a generator with independent columns fails each of these."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from assaymark.encoding import Encoded, TableEncoder
from assaymark.execution import BATCH_ROWS, Run
from assaymark.host.registry import load_registry, open_generator
from assaymark.tables.schema import Column, Kind, Role, Schema
from assaymark.tables.table import Table

ROWS = 4000
GRADES = {"a": 1, "b": 2, "c": 3, "d": 5, "e": 8, "f": 13}
SETTINGS = {"copula": {}, "gan": {"steps": 300}, "diffusion": {"steps": 500}}


def known_table(rows: int = ROWS) -> Table:
    """Return rows with a correlation of 0.8, a function, a spike, a rare class and a pattern of missing values."""
    rng = np.random.default_rng(11)
    group = rng.choice(["north", "south"], rows)
    x, noise = rng.normal(size=(2, rows))
    y = 0.8 * x + 0.6 * noise
    grade = rng.choice(list(GRADES), rows)
    fraud = rng.random(rows) < 0.02
    amount = np.where(rng.random(rows) < np.where(group == "north", 0.9, 0.3), 0.0, np.round(np.exp(rng.normal(4, 1, rows)), 2))
    score = np.where(fraud, rng.normal(6, 1, rows), rng.normal(0, 1, rows))
    visits = rng.poisson(3, rows).astype(float)
    visits[(rng.random(rows) < np.where(group == "south", 0.5, 0.02))] = np.nan
    days = np.datetime64("2020-01-01") + np.round(200 + 50 * x).astype("timedelta64[D]")
    columns = {
        "group": group,
        "x": x,
        "y": y,
        "grade": grade,
        "points": [GRADES[each] for each in grade],
        "amount": amount,
        "score": score,
        "visits": visits,
        "day": days.astype("datetime64[us]"),
        "fraud": np.where(fraud, "yes", "no"),
    }
    kinds = {
        "x": Kind.FLOAT,
        "y": Kind.FLOAT,
        "points": Kind.INTEGER,
        "amount": Kind.FLOAT,
        "score": Kind.FLOAT,
        "visits": Kind.INTEGER,
        "day": Kind.DATETIME,
    }
    roles = {"fraud": frozenset({Role.TARGET}), "group": frozenset({Role.PROTECTED})}
    decimals = {"amount": 2}
    schema = Schema(
        tuple(
            Column(name, kinds.get(name, Kind.CATEGORICAL), roles.get(name, frozenset()), decimals=decimals.get(name))
            for name in columns
        )
    )
    return Table.from_columns(columns, schema)


def correlation(real: pd.DataFrame, made: pd.DataFrame) -> None:
    assert stats.pearsonr(made["x"], made["y"]).statistic == pytest.approx(0.8, abs=0.06)
    assert stats.spearmanr(made["x"], made["day"].astype("int64")).statistic > 0.9


def function(real: pd.DataFrame, made: pd.DataFrame) -> None:
    assert (made["grade"].map(GRADES) == made["points"]).mean() > 0.97


def spike(real: pd.DataFrame, made: pd.DataFrame) -> None:
    for group, share in (("north", 0.9), ("south", 0.3)):
        rows = made[made["group"] == group]
        assert (rows["amount"] == 0).mean() == pytest.approx(share, abs=0.06)
        positive = real.loc[(real["group"] == group) & (real["amount"] > 0), "amount"]
        assert stats.ks_2samp(rows.loc[rows["amount"] > 0, "amount"], positive).statistic < 0.1


def rare_class(real: pd.DataFrame, made: pd.DataFrame) -> None:
    rare = made["fraud"] == "yes"
    assert rare.mean() == pytest.approx((real["fraud"] == "yes").mean(), abs=0.01)
    assert made.loc[rare, "score"].mean() > 2
    assert made.loc[~rare, "score"].mean() < 0.3


def missing(real: pd.DataFrame, made: pd.DataFrame) -> None:
    for group, share in (("north", 0.02), ("south", 0.5)):
        assert made.loc[made["group"] == group, "visits"].isna().mean() == pytest.approx(share, abs=0.06)


ANSWERS = [correlation, function, spike, rare_class, missing]


class Independent:
    """Columns drawn from real ones, each by itself."""

    def __init__(self, table: Table) -> None:
        self.encoder = TableEncoder.fit(table)
        self.encoded = self.encoder.encode(table, Run(0).rng("encode"))

    def sample(self, rows, run):
        for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
            rng = run.rng("sample", batch)
            numbers, codes = (
                np.take_along_axis(part, rng.integers(0, len(part), (min(BATCH_ROWS, rows - start), part.shape[1])), axis=0)
                for part in (self.encoded.numbers, self.encoded.codes)
            )
            encoded = Encoded(numbers, codes, self.encoded.cardinalities, self.encoded.number_names, self.encoded.code_names)
            yield self.encoder.decode(encoded, rng, first_row=start)


@pytest.fixture(scope="module")
def real():
    return known_table()


@pytest.fixture(scope="module", params=sorted(SETTINGS))
def synthetic(request, real):
    generator = open_generator(load_registry().generator(request.param), SETTINGS[request.param])
    fitted = generator.fit(real, real.schema, Run(0))
    return Table.concat(list(fitted.sample(ROWS, Run(0)))).to_pandas()


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
def test_what_is_known_is_kept(answer, real, synthetic):
    answer(real.to_pandas(), synthetic)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
def test_independent_columns_fail(answer, real):
    made = Table.concat(list(Independent(real).sample(ROWS, Run(0)))).to_pandas()
    with pytest.raises(AssertionError):
        answer(real.to_pandas(), made)


def test_numbers_stay_what_they_are(real, synthetic):
    frame = real.to_pandas()
    assert (synthetic["visits"].dropna() % 1 == 0).all()
    assert np.allclose(synthetic["amount"] * 100, (synthetic["amount"] * 100).round(), atol=1e-6)
    assert (synthetic["day"].dt.normalize() == synthetic["day"]).all()
    for column in ("x", "y", "amount", "score", "day"):
        assert synthetic[column].max() <= frame[column].nlargest(10).iloc[-1]
        assert synthetic[column].min() >= frame[column].nsmallest(10).iloc[-1]
