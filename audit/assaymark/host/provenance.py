"""Which code a plugin is: its distribution, version, and a digest over the source files that are in place."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import tempfile
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import PluginFailedError, PluginNotFoundError
from assaymark.host.hooks import PROJECT
from assaymark.host.registry import call_guarded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assaymark.host.registry import Registered

_FAMILY = f"{PROJECT}.plugins."


def describe(registered: Registered[Any]) -> dict[str, Any]:
    """Return name, distribution, version and digest of whatever a plugin offers, as a release records it."""
    plugin = registered.plugin
    if plugin.distribution is None:
        digest = _digest(_package_files({str(registered.spec.factory).partition(":")[0].partition(".")[0]}))
    else:
        digest = plugin_digest(plugin.distribution)
    return {
        "name": registered.spec.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "digest": digest,
        "editable": None if plugin.distribution is None else is_editable(plugin.distribution),
    }


def is_editable(distribution: str) -> bool:
    """Return whether a distribution is installed in editable mode, so that its files may change under it (PEP 610)."""
    try:
        told = Distribution.from_name(distribution).read_text("direct_url.json")
        found = json.loads(told or "{}")
    except (PackageNotFoundError, ValueError):
        return False
    information = found.get("dir_info", {}) if isinstance(found, dict) else {}
    return isinstance(information, dict) and information.get("editable") is True


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
        return _digest({path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()})


def plugin_digest(distribution: str) -> str:
    """Return a digest over the files of a distribution's packages as they lie on disk.

    Only names and bytes of the files below its top-level packages count, without bytecode, metadata and scripts; so the
    digest of a wheel and of an editable install of the same source are equal, and a changed file changes it.

    Returns:
        ``sha256:`` and 64 hex digits.

    Raises:
        PluginNotFoundError: When the distribution is not installed.
        PluginFailedError: When none of its files is in place.
    """
    try:
        found = Distribution.from_name(distribution)
    except (PackageNotFoundError, ValueError) as error:
        raise PluginNotFoundError(
            f"the distribution {distribution!r} is not installed", remedy="Install it, or check the spelling."
        ) from error
    files = _recorded_files(found)
    if not files:  # an editable install records its metadata only
        files = _package_files(_plugin_packages(found))
    if not files:
        raise PluginFailedError(
            "no source file of a plugin can be found", where=distribution, remedy="Reinstall the distribution."
        )
    return _digest(files)


def _recorded_files(distribution: Distribution) -> dict[str, Path]:
    """Return the installed files of packages by their path below the installation folder."""
    recorded: dict[str, Path] = {}
    for file in distribution.files or ():
        top = file.parts[0]
        outside = top == ".." or file.is_absolute()
        if outside or top.endswith((".dist-info", ".egg-info", ".data", ".pth")) or not _counts(file.parts):
            continue
        path = Path(str(distribution.locate_file(file)))
        if path.is_file():
            recorded[file.as_posix()] = path
    # the shim of an editable install is no source of the plugin
    return {name: path for name, path in recorded.items() if not name.startswith("__editable__")}


def _counts(parts: tuple[str, ...]) -> bool:
    return "__pycache__" not in parts and not parts[-1].endswith((".pyc", ".pyo"))


def _plugin_packages(distribution: Distribution) -> set[str]:
    """Return the top-level packages that the entry points of a distribution name."""
    return {point.module.partition(".")[0] for point in distribution.entry_points if point.group.startswith(_FAMILY)}


def _package_files(packages: Iterable[str]) -> dict[str, Path]:
    """Return the source files of top-level packages by their path below the folder that holds the package."""
    found: dict[str, Path] = {}
    for package in packages:
        spec = importlib.util.find_spec(package)
        if spec is None:
            continue
        for folder in spec.submodule_search_locations or ():
            root = Path(folder)
            for path in root.rglob("*"):
                parts = path.relative_to(root.parent).parts
                if path.is_file() and _counts(parts):
                    found["/".join(parts)] = path
        if spec.submodule_search_locations is None and spec.origin:
            found[Path(spec.origin).name] = Path(spec.origin)
    return found


def _digest(files: dict[str, Path]) -> str:
    whole = hashlib.sha256()
    for name in sorted(files):
        content = hashlib.sha256(files[name].read_bytes()).hexdigest()
        whole.update(f"{name}\0{content}\n".encode())
    return f"sha256:{whole.hexdigest()}"
