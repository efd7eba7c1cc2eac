"""What the manifests of a release say, as C2PA manifest definitions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assaymark.provenance.manifests import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.provenance.digests import Fingerprint

MINING_ASSERTION = "cawg.training-mining"
MINING_USES = ("allowed", "notAllowed", "constrained")
_MINING_ENTRIES = ("cawg.ai_generative_training", "cawg.ai_inference", "cawg.ai_training", "cawg.data_mining")
RELEASE_ASSERTION = "org.assaymark.release"
APPROVAL_ASSERTION = "org.assaymark.approval"
FILE_ASSERTION = "org.assaymark.file"
_GENERATED = "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"
_WRITTEN = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCreation"
_COMPUTED = "http://cv.iptc.org/newscodes/digitalsourcetype/dataDrivenMedia"
_MEDIA = {
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".html": "text/html",
    ".pdf": "application/pdf",
    ".toml": "application/toml",
    ".md": "text/markdown",
    ".tsr": "application/timestamp-reply",
}
_REAL, _PARENT = "real-data", "parent-release"
_INT64 = 2**63


@dataclass(frozen=True, slots=True)
class ReleaseClaims:
    """What a release claims about itself.

    Attributes:
        created: When, as ISO 8601 text.
        assaymark: Version that made it.
        generated: Whether the synthetic table was generated here; otherwise it was only audited, and no manifest says more.
        data_file: Name of the synthetic table.
        generator: Name, distribution, version, digest, config and seed of the generator; None when unknown.
        real: Rows, columns and salted commitment of the real data.
        holdout: The same of the holdout; None without one.
        policy_sha256: Digest of the policy.
        verdict: Verdict of the audit.
        parent: Digests of ``release.json`` and of its sidecar, of the release that this one follows; None without one.
        mining: What may be done with the table, as ``cawg.training-mining`` says it; None to say nothing.
        extra_assertions: Further assertions of the release's manifest, by label; see :func:`portable` for their numbers.
    """

    created: str
    assaymark: str
    generated: bool
    data_file: str
    generator: Mapping[str, Any] | None
    real: Mapping[str, Any]
    holdout: Mapping[str, Any] | None
    policy_sha256: str
    verdict: str
    parent: Mapping[str, str] | None = None
    mining: Mapping[str, Any] | None = None
    extra_assertions: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any], assaymark: str, **more: Any) -> ReleaseClaims:
        """Return what a release with an audit document claims.

        Args:
            document: The parsed ``audit.json``.
            assaymark: Version that makes the release.
            **more: Fields that no audit tells: ``parent``, ``mining``, ``extra_assertions``.
        """
        return cls(
            created=document["created"],
            assaymark=assaymark,
            generated=document["generator"] is not None,
            data_file=document["datasets"]["synthetic"]["file"],
            generator=document["generator"],
            real=document["datasets"]["real"],
            holdout=document["datasets"]["holdout"],
            policy_sha256=document["policy"]["sha256"],
            verdict=document["verdict"],
            **more,
        )

    def facts(self) -> dict[str, Any]:
        """Return what the manifest of the release and of the synthetic table state, with numbers that last."""
        facts: dict[str, Any] = portable(
            {
                "created": self.created,
                "generator": self.generator,
                "real": self.real,
                "holdout": self.holdout,
                "policy_sha256": self.policy_sha256,
                "verdict": self.verdict,
                **({} if self.parent is None else {"parent": self.parent}),
            }
        )
        return facts


def portable(value: Any) -> Any:
    """Return a JSON value whose numbers a manifest keeps exactly: fractions and integers beyond 64 bits as decimal text.

    On their way into a manifest and back, binary fractions of 17 digits change their last one, and long integers become
    fractions.
    """
    if isinstance(value, Mapping):
        return {str(key): portable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [portable(entry) for entry in value]
    if isinstance(value, float) or (isinstance(value, int) and not -_INT64 <= value < _INT64):
        return repr(value)
    return value


def _assertion(label: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"label": label, "data": dict(data), "created": True}


def _base(name: str, content: Fingerprint, version: str, assertions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    suffix = "." + name.rpartition(".")[2]
    asset = {"dc:format": _MEDIA.get(suffix, "application/octet-stream"), "types": [{"type": "c2pa.types.dataset"}]}
    return {
        "claim_generator_info": [{"name": "assaymark", "version": version}],
        "title": name,
        "assertions": [
            *assertions,
            _assertion("c2pa.asset-type", asset),
            {"label": "c2pa.hash.data", "data": {"name": "data", "alg": "sha256", "hash": list(content.sha256), "pad": []}},
        ],
    }


def _created(source: str, **more: Any) -> dict[str, Any]:
    return _assertion("c2pa.actions.v2", {"actions": [{"action": "c2pa.created", "digitalSourceType": source, **more}]})


def training_mining(use: str, terms: str | None = None) -> dict[str, Any]:
    """Return what ``cawg.training-mining`` (CAWG 1.1) holds: one use for training, inference and mining alike.

    Args:
        use: One of :data:`MINING_USES`.
        terms: Under which conditions, where the use is ``constrained``.
    """
    entry = {"use": use} if terms is None else {"use": use, "constraint_info": terms}
    return {"entries": {name: dict(entry) for name in _MINING_ENTRIES}}


def _mining(data: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [] if data is None else [_assertion(MINING_ASSERTION, data)]


def computed_definition(
    name: str, content: Fingerprint, version: str, mining: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the definition for a file that was computed from data: an audit, cubes, a report, a policy."""
    named = _assertion(FILE_ASSERTION, {"name": name})
    return _base(name, content, version, [_created(_COMPUTED), named, *_mining(mining)])


def approval_definition(name: str, content: Fingerprint, version: str, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition for a person's approval: written by a person, about the release that it states."""
    named = _assertion(FILE_ASSERTION, {"name": name})
    return _base(name, content, version, [_created(_WRITTEN), named, _assertion(APPROVAL_ASSERTION, stated)])


def embedded_definition(name: str, version: str, mining: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the definition for an image or document that carries its manifest; the library hashes it."""
    assertions = [_created(_COMPUTED), _assertion(FILE_ASSERTION, {"name": name}), *_mining(mining)]
    return {
        "claim_generator_info": [{"name": "assaymark", "version": version}],
        "title": name,
        "assertions": assertions,
    }


def generated_definition(claims: ReleaseClaims, content: Fingerprint) -> tuple[dict[str, Any], list[Resource]]:
    """Return the definition for a synthetic table that was generated here, with the real data as an undisclosed input."""
    definition = _base(
        claims.data_file,
        content,
        claims.assaymark,
        [
            _created(_GENERATED, softwareAgent={"name": "assaymark", "version": claims.assaymark}),
            _assertion(FILE_ASSERTION, {"name": claims.data_file}),
            _assertion(RELEASE_ASSERTION, claims.facts()),
            *_mining(claims.mining),
        ],
    )
    definition["ingredients"] = [
        {
            "title": "real data, not disclosed",
            "relationship": "inputTo",
            "label": _REAL,
            "data_types": [{"type": "c2pa.types.dataset"}],
            "data": {"format": "application/json", "identifier": f"{_REAL}.json"},
        }
    ]
    commitment = json.dumps({"schema": "assaymark-commitment/1", **claims.real}, sort_keys=True).encode()
    return definition, [Resource(f"{_REAL}.json", commitment)]


def audited_definition(claims: ReleaseClaims, content: Fingerprint) -> dict[str, Any]:
    """Return the definition for a synthetic table that was brought along: opened and audited, nothing about its making."""
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["table"]}}
    definition = _base(
        claims.data_file,
        content,
        claims.assaymark,
        [
            _assertion("c2pa.actions.v2", {"actions": [opened]}),
            _assertion(FILE_ASSERTION, {"name": claims.data_file}),
            _assertion(RELEASE_ASSERTION, claims.facts()),
            *_mining(claims.mining),
        ],
    )
    definition["ingredients"] = [
        {
            "title": "table of unknown origin",
            "relationship": "parentOf",
            "label": "table",
            "data_types": [{"type": "c2pa.types.dataset"}],
        }
    ]
    return definition


@dataclass(frozen=True, slots=True)
class Component:
    """A stamped file that a release is made of.

    Attributes:
        name: File name.
        sidecar: Its manifest.
        active: Label of its active manifest.
        validation: The reader's validation results.
    """

    name: str
    sidecar: bytes
    active: str
    validation: Mapping[str, Any]


def release_definition(
    name: str, content: Fingerprint, claims: ReleaseClaims, components: Sequence[Component]
) -> tuple[dict[str, Any], list[Resource]]:
    """Return the definition for ``release.json``, which nests the manifest of every file.

    A parent is named by its digests, not nested: it may have another signer, and would bring all of its own parents along.
    """
    extra = [_assertion(label, {"value": portable(value)}) for label, value in claims.extra_assertions.items()]
    opened = {"actions": [{"action": "c2pa.opened", "parameters": {"ingredientIds": [_PARENT]}}]}
    assertions = [
        _created(_COMPUTED) if claims.parent is None else _assertion("c2pa.actions.v2", opened),
        _assertion(FILE_ASSERTION, {"name": name}),
        _assertion(RELEASE_ASSERTION, claims.facts()),
        *_mining(claims.mining),
        *extra,
    ]
    definition = _base(name, content, claims.assaymark, assertions)
    ingredients: list[dict[str, Any]] = [
        {
            "title": component.name,
            "relationship": "componentOf",
            "active_manifest": component.active,
            "validation_results": dict(component.validation),
            "manifest_data": {"format": "application/c2pa", "identifier": f"{component.name}.c2pa"},
        }
        for component in components
    ]
    resources = [Resource(f"{component.name}.c2pa", component.sidecar) for component in components]
    if claims.parent is not None:
        ingredients.append(
            {
                "title": "the release that this one follows",
                "relationship": "parentOf",
                "label": _PARENT,
                "data_types": [{"type": "c2pa.types.dataset"}],
                "data": {"format": "application/json", "identifier": f"{_PARENT}.json"},
            }
        )
        told = json.dumps({"schema": "assaymark-parent/1", **claims.parent}, sort_keys=True).encode()
        resources.append(Resource(f"{_PARENT}.json", told))
    definition["ingredients"] = ingredients
    return definition, resources
