"""Every error that Assaymark raises on purpose.

    AssaymarkError
    ├── UsageError           AM1xx  the command line or the call is off
    │   ├── OptionError          AM101
    │   └── OutputExistsError    AM102
    ├── InputError           AM2xx  a table, schema or column cannot be used
    │   ├── MissingFileError     AM201
    │   ├── NotAFileError        AM202
    │   ├── EmptyTableError      AM203
    │   ├── EncodingError        AM204
    │   ├── RaggedRowError       AM205
    │   ├── HeaderError          AM206
    │   ├── FormatError          AM207
    │   ├── LimitError           AM208
    │   ├── ColumnNotFoundError  AM209
    │   ├── PositiveValueError   AM210
    │   ├── OneClassError        AM211
    │   ├── AllNullError         AM212
    │   ├── NotFiniteError       AM213
    │   ├── SchemaMismatchError  AM214
    │   ├── FreeTextError        AM215
    │   ├── SchemaFileError      AM216
    │   ├── TooFewRowsError      AM217
    │   └── NothingToLearnError  AM218
    ├── PolicyError          AM301  a policy file cannot be used
    ├── PluginError          AM4xx  a plugin is missing or broke
    │   ├── PluginNotFoundError  AM401
    │   ├── PluginFailedError    AM402
    │   ├── PluginsNotLoadedError AM403
    │   ├── PluginLockError      AM404
    │   └── MissingLibraryError  AM405
    ├── GeneratorError       AM5xx  a generator cannot do what was asked
    │   ├── ConfigError          AM501
    │   ├── ModelFolderError     AM502
    │   ├── ConditionError       AM503
    │   ├── BudgetError          AM504
    │   └── CheckpointError      AM505
    ├── ProvenanceError      AM6xx  keys, stamps and manifests
    │   ├── SigningKeyError      AM601
    │   ├── StampError           AM602
    │   ├── ManifestError        AM603
    │   ├── ReleaseError         AM604
    │   ├── DisclosureError      AM605
    │   ├── CommitmentError      AM606
    │   ├── ParentError          AM607
    │   ├── ApprovalError        AM608
    │   ├── RedactionError       AM609
    │   ├── TimeStampError       AM610
    │   ├── TrustError           AM611
    │   ├── CertificateError     AM612  (a SigningKeyError)
    │   ├── PolicyProofError     AM613
    │   └── LogError             AM620
    ├── OutputError          AM701  a result could not be written
    ├── Cancelled            AM801  interrupted (exit 130)
    └── InternalError        AM9xx  a self-check failed; never a user's fault
        └── ReferenceMismatchError  AM901

Each class has a stable ``code`` and an ``exit_code``; each instance says what went wrong, where, what was found, what was
expected, and what to do next (``remedy``).
"""

from __future__ import annotations

from typing import ClassVar


class AssaymarkError(Exception):
    """Base of all errors.

    Args:
        what: What went wrong, one sentence without a final full stop.
        where: File, column, option or line that it is about.
        found: What was there.
        expected: What should have been there.
        remedy: What to do next, an imperative sentence.
    """

    code: ClassVar[str] = "AM000"
    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        found: str | None = None,
        expected: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.found = found
        self.expected = expected
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.found is not None:
            text += f"; found {self.found}"
        if self.expected is not None:
            text += f"; expected {self.expected}"
        return text

    def document(self) -> dict[str, str | None]:
        """Return the error as a JSON-ready mapping, as ``--json`` prints it."""
        return {
            "code": self.code,
            "what": self.what,
            "where": self.where,
            "found": self.found,
            "expected": self.expected,
            "remedy": self.remedy,
        }


class UsageError(AssaymarkError):
    """The command line or the call is off."""

    code = "AM100"


class OptionError(UsageError):
    """An option has a value that cannot be used."""

    code = "AM101"


class OutputExistsError(UsageError):
    """The output is there already and may not be replaced."""

    code = "AM102"


class InputError(AssaymarkError):
    """A table, a schema or a column cannot be used."""

    code = "AM200"


class MissingFileError(InputError):
    """A file that was named does not exist or cannot be read."""

    code = "AM201"


class NotAFileError(InputError):
    """A folder, device or socket stands where a file was expected."""

    code = "AM202"


class EmptyTableError(InputError):
    """A table has no header or no rows."""

    code = "AM203"


class EncodingError(InputError):
    """A text file is not UTF-8."""

    code = "AM204"


class RaggedRowError(InputError):
    """A CSV row has more or fewer fields than the header."""

    code = "AM205"


class HeaderError(InputError):
    """Column names are empty or occur twice."""

    code = "AM206"


class FormatError(InputError):
    """The bytes are not a table: binary junk, or a damaged Parquet file."""

    code = "AM207"


class LimitError(InputError):
    """A table is larger than the limits for untrusted input."""

    code = "AM208"


class ColumnNotFoundError(InputError):
    """A column that was named is not in the table."""

    code = "AM209"


class PositiveValueError(InputError):
    """The positive value does not occur in the target column."""

    code = "AM210"


class OneClassError(InputError):
    """The target has one class only."""

    code = "AM211"


class AllNullError(InputError):
    """A column that is needed holds no value."""

    code = "AM212"


class NotFiniteError(InputError):
    """A numeric column holds an infinite value."""

    code = "AM213"


class SchemaMismatchError(InputError):
    """Two tables that are to be compared lack a common column or type."""

    code = "AM214"


class FreeTextError(InputError):
    """A free-text column would have to be learned."""

    code = "AM215"


class SchemaFileError(InputError):
    """A schema file cannot be used."""

    code = "AM216"


class TooFewRowsError(InputError):
    """A table has too few rows for what was asked."""

    code = "AM217"


class NothingToLearnError(InputError):
    """A table has no column that a generator could learn."""

    code = "AM218"


class PolicyError(AssaymarkError):
    """A policy file cannot be used."""

    code = "AM301"


class PluginError(AssaymarkError):
    """A plugin is missing or broke."""

    code = "AM400"


class PluginNotFoundError(PluginError):
    """No loaded plugin offers what was named."""

    code = "AM401"


class PluginFailedError(PluginError):
    """A plugin raised, or returned what its contract does not allow."""

    code = "AM402"


class PluginsNotLoadedError(PluginError):
    """A plugin is not loaded, and strict mode demands that all are."""

    code = "AM403"


class PluginLockError(PluginError):
    """A lock of plugins cannot be read, or a plugin is not as it says."""

    code = "AM404"


class MissingLibraryError(PluginError):
    """A plugin needs a library that is not installed."""

    code = "AM405"


class GeneratorError(AssaymarkError):
    """A generator cannot do what was asked."""

    code = "AM500"


class ConfigError(GeneratorError):
    """A generator's configuration has an unknown key or a value out of range."""

    code = "AM501"


class ModelFolderError(GeneratorError):
    """A saved model is damaged, foreign, or made by a newer version."""

    code = "AM502"


class ConditionError(GeneratorError):
    """A sampling condition names an unknown column or category."""

    code = "AM503"


class BudgetError(GeneratorError):
    """A time budget is too short to fit anything."""

    code = "AM504"


class CheckpointError(GeneratorError):
    """A checkpoint is damaged, or belongs to another fit."""

    code = "AM505"


class ProvenanceError(AssaymarkError):
    """Keys, stamps or manifests."""

    code = "AM600"


class SigningKeyError(ProvenanceError):
    """A signing key or certificate is missing, unsafe or unusable."""

    code = "AM601"


class StampError(ProvenanceError):
    """A file could not be stamped."""

    code = "AM602"


class ManifestError(ProvenanceError):
    """A sidecar is malformed, altered, or does not belong to its file."""

    code = "AM603"
    exit_code = 1


class ReleaseError(ProvenanceError):
    """A release folder is malformed or incomplete."""

    code = "AM604"
    exit_code = 1


class DisclosureError(ProvenanceError):
    """The salts that open a release's commitments are missing, unsafe, malformed, or those of another release."""

    code = "AM605"


class CommitmentError(ProvenanceError):
    """A file is not the one that a release committed to."""

    code = "AM606"
    exit_code = 1


class ParentError(ProvenanceError):
    """The release that another is to follow does not verify."""

    code = "AM607"


class ApprovalError(ProvenanceError):
    """A release cannot be approved, or a gate cannot be waived, as was asked."""

    code = "AM608"


class RedactionError(ProvenanceError):
    """What was asked cannot be taken out of a release."""

    code = "AM609"


class LogError(ProvenanceError):
    """The transparency log is missing, damaged, busy, or ahead of the clock."""

    code = "AM620"


class TimeStampError(ProvenanceError):
    """A time-stamp authority is out of reach, refuses, or answers with something that is no time stamp."""

    code = "AM610"


class TrustError(ProvenanceError):
    """A trust anchor or a list of revoked certificates cannot be used."""

    code = "AM611"


class CertificateError(SigningKeyError):
    """A certificate, or its chain, is not one that may sign."""

    code = "AM612"


class PolicyProofError(ProvenanceError):
    """A proof of when a policy was fixed cannot be used."""

    code = "AM613"


class OutputError(AssaymarkError):
    """A result could not be written: full disk, read-only folder, no permission."""

    code = "AM701"


class Cancelled(AssaymarkError):  # noqa: N818 - what happened, not a fault
    """The work was interrupted; nothing half-written is left."""

    code = "AM801"
    exit_code = 130


class InternalError(AssaymarkError):
    """A self-check failed: a defect of Assaymark, not of the input."""

    code = "AM900"


class ReferenceMismatchError(InternalError):
    """A number differs from the reference computation."""

    code = "AM901"
