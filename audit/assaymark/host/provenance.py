"""Which code a plugin is, as a release records it: distribution, version, digests, and what the conformance kit said."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.host.installed import commit_of, files_digest, is_editable, package_files, plugin_digest, recorded
from assaymark.host.kept import conformance_of
from assaymark.host.registry import call_guarded

if TYPE_CHECKING:
    from assaymark.host.registry import Registered


def describe(registered: Registered[Any]) -> dict[str, Any]:
    """Return name, distribution, version and digests of whatever a plugin offers, as a release records it."""
    name, plugin = registered.spec.name, registered.plugin
    if plugin.distribution is None:
        digest = files_digest(package_files({str(registered.spec.factory).partition(":")[0].partition(".")[0]}))
        installed: dict[str, Any] = {"editable": None, "commit": None, "record": None}
    else:
        digest = plugin_digest(plugin.distribution)
        record = recorded(plugin.distribution)
        installed = {
            "editable": is_editable(plugin.distribution),
            "commit": commit_of(plugin.distribution),
            "record": None if record is None else record.document(),
        }
    return {
        "name": name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "digest": digest,
        **installed,
        "conformance": conformance_of(name, digest),
    }


def model_digest(registered: Registered[Any], fitted: Any) -> str | None:
    """Return a digest over the files of a fitted model as its generator saves them; None when it keeps no models.

    Returns:
        ``sha256:`` and 64 hex digits: the same as for the files that ``generate --save-model`` keeps, ``model.json`` left out.
    """
    with tempfile.TemporaryDirectory(prefix="assaymark-model-") as name:
        folder = Path(name)

        def save() -> bool:
            try:
                fitted.save(folder)
            except NotImplementedError:
                return False
            return True

        if not call_guarded(registered, save):
            return None
        return files_digest({path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()})
