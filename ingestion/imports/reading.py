"""Parameters for reading a file: the file, the kind of its records, and everything that determines the meaning of its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from catalog.reference.places import PlaceNames
from ingestion.columns.mappings import SavedMapping
from ingestion.records.classification import Classifier


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, the kind of its records, and the program that reads it.

    `places` is the version of the names of places, `source` names a saved mapping.
    """

    path: Path
    kind: str
    file_hash: str
    program: str
    places: str
    source: str = ""

    @classmethod
    def of(
        cls, path: Path, kind: str, classifier: Classifier, places: PlaceNames, mapping: SavedMapping | None
    ) -> Reading:
        """The reading of the file at `path`."""
        with path.open("rb") as stream:
            file_hash = hashlib.file_digest(stream, "sha256").hexdigest()
        program = f"{_program()}\n{classifier.fingerprint}\n{places.version}"
        return cls(path, kind, file_hash, program, places.version, mapping.source if mapping else "")


def program_files() -> Iterator[Path]:
    """The code and the reference data that read and store records: all that lies in the two packages, at any depth."""
    for package in ("catalog", "ingestion"):
        for path in sorted(Path(str(files(package))).rglob("*")):
            if path.suffix in (".py", ".toml", ".csv"):
                yield path


@cache
def _program() -> str:
    digest = hashlib.sha256()
    for path in program_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()
