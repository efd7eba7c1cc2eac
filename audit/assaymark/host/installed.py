"""Files of installed distributions: a digest over them, whether they are as the installer recorded them, and where from."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assaymark.errors import PluginFailedError, PluginNotFoundError
from assaymark.host.hooks import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable

_FAMILY = f"{PROJECT}.plugins."
_COMMIT = 100  # characters that a commit may have


def is_editable(distribution: str) -> bool:
    """Return whether a distribution is installed in editable mode, so that its files may change under it (PEP 610)."""
    try:
        information = _direct_url(Distribution.from_name(distribution)).get("dir_info", {})
    except (PackageNotFoundError, ValueError):
        return False
    return isinstance(information, dict) and information.get("editable") is True


def commit_of(distribution: str) -> str | None:
    """Return the commit that a distribution was installed from (PEP 610); None when that is not recorded."""
    try:
        information = _direct_url(Distribution.from_name(distribution)).get("vcs_info", {})
    except (PackageNotFoundError, ValueError):
        return None
    commit = information.get("commit_id") if isinstance(information, dict) else None
    return commit if isinstance(commit, str) and commit.isalnum() and len(commit) <= _COMMIT else None


def _direct_url(distribution: Distribution) -> dict[str, Any]:
    found = json.loads(distribution.read_text("direct_url.json") or "{}")
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Recorded:
    """How the files of a distribution compare with its RECORD.

    Attributes:
        digest: Digest of RECORD, ``sha256:`` and 64 hex digits.
        files: How many files RECORD gives a digest for.
        matching: How many of them are in place, byte for byte.
    """

    digest: str
    files: int
    matching: int

    def document(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"digest": self.digest, "files": self.files, "matching": self.matching}


def recorded(distribution: str) -> Recorded | None:
    """Compare the files of a distribution with its RECORD; None when it has none.

    Only files with a SHA-256 in RECORD count: bytecode, and RECORD itself, have none. An editable install records little more
    than its metadata, so that a full match says nothing of its source.
    """
    try:
        found = Distribution.from_name(distribution)
        text = found.read_text("RECORD")
    except (PackageNotFoundError, ValueError):
        return None
    if text is None:
        return None
    stated = [file for file in found.files or () if file.hash is not None and file.hash.mode == "sha256"]
    matching = sum(_as_recorded(Path(str(found.locate_file(file))), file.hash.value) for file in stated if file.hash)
    return Recorded(f"sha256:{hashlib.sha256(text.encode()).hexdigest()}", len(stated), matching)


def _as_recorded(path: Path, expected: str) -> bool:
    try:
        digest = hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == expected


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
        files = package_files(_plugin_packages(found))
    if not files:
        raise PluginFailedError(
            "no source file of a plugin can be found", where=distribution, remedy="Reinstall the distribution."
        )
    return files_digest(files)


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


def package_files(packages: Iterable[str]) -> dict[str, Path]:
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


def files_digest(files: dict[str, Path]) -> str:
    """Return a digest over names and bytes of files, whatever their order."""
    whole = hashlib.sha256()
    for name in sorted(files):
        content = hashlib.sha256(files[name].read_bytes()).hexdigest()
        whole.update(f"{name}\0{content}\n".encode())
    return f"sha256:{whole.hexdigest()}"
