"""A small installation with everything that a backup holds."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from api_tests.index.small_catalogue import HashEncoder, make_catalogue
from catalog.db import Database
from catalog.kit.days import beijing_today
from index.generations.build import reindex
from service.installation.runtime import Runtime
from service.installation.settings import Settings


def quietly(_step: str, _done: int, _total: int) -> None:
    pass


def at(data: Path, **settings: Any) -> Runtime:
    """The installation in `data`, with a stand-in for the model."""
    encoder: Any = HashEncoder()
    return Runtime(Settings(data=data, database_url="", **settings), encoder)


def add_evidence(data: Path, content: bytes) -> str:
    """Stores a file as the service does; returns its hash."""
    digest = sha256(content).hexdigest()
    path = data / "evidence" / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest


def make_installation(data: Path, patents: int = 3) -> Runtime:
    """Records, an index, evidence, a rule file, a file that waits to be imported and one that was refused."""
    data.mkdir(parents=True)
    database: Database = make_catalogue(data, patents)
    reindex(database, data, HashEncoder(), today=beijing_today())
    database.dispose()
    add_evidence(data, "合同".encode())
    files = {
        "factors.toml": "# 自定义\n",
        "mappings/省平台.toml": "",
        "inbox/patents/清单.csv": "名称\n",
        "inbox/refused/20261201-1/patents/坏.csv": "",
        "reports/nightly-20261201-1.txt": "报告\n",
        "rejected/1.xlsx": "",
    }
    for name, text in files.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text, "utf-8")
    return at(data)
