"""Pitfall 14, privacy theatre: a distance test passes what an attack takes apart."""

from __future__ import annotations

import numpy as np
import pytest

from assaymark.checks.privacy import replay, singling_out
from assaymark.checks.privacy.neighbours import nearest
from assaymark.checks.privacy.rows import on_one_scale
from assaymark.execution import Run
from assaymark.results.findings import Outcome
from assaymark.tables.schema import Column, Kind, Schema
from assaymark.tables.table import Table

SCHEMA = Schema(tuple(Column(f"x{place}", Kind.FLOAT) for place in range(6)))


def fresh(rows, seed):
    return np.random.default_rng(seed).normal(size=(6, rows))


def table(values):
    return Table.from_columns(dict(zip(SCHEMA.names, values, strict=True)), SCHEMA)


@pytest.fixture(scope="module")
def shifted():
    """Real, verbatim copies of it but for one column that is shifted by a constant, and a holdout."""
    real, holdout = fresh(1000, 1), fresh(1000, 2)
    copies = real.copy()
    copies[0] += 8.0
    return table(real), table(copies), table(holdout)


def test_a_distance_test_is_content(shifted):
    """The usual test: hardly a synthetic row is as near to real as the nearest twentieth of fresh rows."""
    real, synthetic, holdout = shifted
    rows, learned, held = on_one_scale([synthetic, real, holdout], SCHEMA.columns)
    ours, usual = (nearest(theirs, learned, 1, Run(0)).distances[:, 0] for theirs in (rows, held))
    assert (ours < np.quantile(usual, 0.05)).mean() < 0.05
    assert np.median(ours) > np.median(usual)


def test_an_attack_is_not(shifted, attack_input):
    """The other columns are as they were, and so are predicates about them."""
    real, synthetic, holdout = shifted
    assert {f.id: f for f in replay.check(attack_input(real, synthetic, holdout))}[replay.VERBATIM].outcome is Outcome.WITHIN
    found = {f.id: f for f in singling_out.check(attack_input(real, synthetic, holdout, attacks=1000))}
    assert found[singling_out.MULTIVARIATE].outcome is Outcome.EXCEEDED
    assert found[singling_out.UNIVARIATE].outcome is Outcome.EXCEEDED
