"""``run --deep`` and claims of privacy, the whole way: what a generator says of itself, and what is recorded of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assaymark.errors import PluginFailedError
from assaymark.execution import Run
from assaymark.host.registry import load_registry
from assaymark.host.specs import PrivacyClaim
from assaymark.pipeline.requests import RunRequest, VerifyRequest
from assaymark.pipeline.running import claimed, run
from assaymark.pipeline.verifying import verify
from assaymark.tables.loading import TableOptions
from assaymark.tables.roles import RoleOptions
from assaymark_copula.model import FittedCopula

ROLES = RoleOptions(target="approved", positive="yes", protected=("sex",))
CLAIM = PrivacyClaim("exponential mechanism", epsilon=3.0, delta=1e-6, parameters={"rounds": 3})


@pytest.fixture(scope="module")
def audited(people, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FittedCopula, "privacy", CLAIM, raising=False)  # what a private generator would tell of its fit
        out = tmp_path_factory.mktemp("deep") / "out"
        run(RunRequest(people, ROLES, TableOptions(), out, deep=True, shadows=8, samples=1), Run(0))
    return out, json.loads((out / "audit.json").read_bytes())


def findings(document, identifier):
    return [finding for finding in document["findings"] if finding["id"] == identifier]


def test_the_generator_is_attacked_when_asked_for(audited, release):
    (found,) = findings(audited[1], "privacy.shadow_membership")
    assert found["detail"]["shadows"] == 8
    assert found["outcome"] in {"within", "inconclusive", "exceeded"}
    plain = json.loads((release / "audit.json").read_bytes())
    assert not findings(plain, "privacy.shadow_membership")
    assert any("shadow models" in entry["what"] for entry in plain["not_tested"])
    assert not any("shadow models" in entry["what"] for entry in audited[1]["not_tested"])


def test_a_claim_is_recorded_and_shown_as_claimed(audited, release):
    out, document = audited
    assert document["generator"]["privacy"] == CLAIM.document()
    (found,) = findings(document, "privacy.dp_claim")
    assert (found["outcome"], found["detail"]["epsilon"]) == ("shown", 3.0)
    assert found["value"] < 0
    assert verify(VerifyRequest(out)).ok
    plain = json.loads((release / "audit.json").read_bytes())
    assert plain["generator"]["privacy"] is None
    assert not findings(plain, "privacy.dp_claim")


def test_the_smallest_published_count_is_computed_again(release):
    result = verify(VerifyRequest(release))
    assert result.recomputed["privacy.k_anonymity"] == 1
    (found,) = findings(json.loads((release / "audit.json").read_bytes()), "privacy.k_anonymity")
    assert (found["outcome"], found["gate"]) == ("within", "pass")


class Private:
    def __init__(self, privacy):
        self.privacy = privacy


def test_a_fit_tells_more_than_a_declaration_and_nonsense_is_refused():
    registered = load_registry().generator("copula")
    declared = replace(registered, spec=replace(registered.spec, privacy=PrivacyClaim("noise")))
    assert claimed(registered, Private(None)) is None
    assert claimed(declared, Private(None)).epsilon is None
    assert claimed(declared, Private(CLAIM)) is CLAIM
    for nonsense in (PrivacyClaim("x", -1.0), PrivacyClaim("x", float("inf")), PrivacyClaim("x", 1.0, 1.0), "very private"):
        with pytest.raises(PluginFailedError):
            claimed(registered, Private(nonsense))
