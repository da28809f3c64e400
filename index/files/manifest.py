"""The manifest of a generation: what it was made of and what its files are."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

MANIFEST = "manifest.json"
DIGEST = f"{MANIFEST}.sha256"
"""The checksum of the manifest itself, as `sha256sum --check` reads it; generations from before have none."""


class ModelFacts(BaseModel):
    """The model whose vectors a generation holds, the number format it ran in and why."""

    name: str
    fingerprint: str
    dimensions: int
    precision: str
    precision_reason: str


class FileFacts(BaseModel):
    """Size and sha256 of a file."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileFacts:
        """The facts of the file at `path`."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(bytes=path.stat().st_size, sha256=digest)


class Manifest(BaseModel):
    """The contents of a generation; `files` by path within its folder.

    `products` are the firms whose products are indexed; None for a generation from before these were. `text_rules`: see
    `index.generations.collection.text_rules`. `changes` is the place in the order of changes at which the build began, empty for
    a generation from before changes had places.
    """

    name: str
    started_at: datetime
    finished_at: datetime
    patents: int
    needs: int
    products: int | None = None
    model: ModelFacts
    segment_catalogue: str
    code_version: str
    text_rules: str = ""
    changes: str = ""
    files: dict[str, FileFacts] = {}

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in `folder`. Raises OSError and ValueError."""
        raw = (folder / MANIFEST).read_bytes()
        if (folder / DIGEST).is_file() and (folder / DIGEST).read_bytes() != _digest_of(raw):
            raise ValueError(f"{MANIFEST} is not what {DIGEST} says")
        return cls.model_validate_json(raw)

    def write(self, folder: Path) -> Manifest:
        """Write the manifest into `folder` with the facts of all its files; returns the completed manifest."""
        own = (folder / MANIFEST, folder / DIGEST)
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path not in own)
        facts = {path.relative_to(folder).as_posix(): FileFacts.of(path) for path in paths}
        complete = self.model_copy(update={"files": facts})
        raw = complete.model_dump_json(indent=2).encode()
        (folder / MANIFEST).write_bytes(raw)
        (folder / DIGEST).write_bytes(_digest_of(raw))
        return complete


def _digest_of(raw: bytes) -> bytes:
    return f"{hashlib.sha256(raw).hexdigest()}  {MANIFEST}\n".encode()
