"""The generated documentation says what the code says, and the README names every setting."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from service.installation.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
WRITE = "run `python docs/generate.py` and commit the files"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_files_are_current(generator: ModuleType) -> None:
    wanted: dict[Path, str] = generator.documents()
    stale = [path.name for path, text in wanted.items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], WRITE


def test_every_table_and_column_is_described(generator: ModuleType) -> None:
    assert generator.undescribed() == [], "describe them in docs/data-dictionary.toml"


def test_data_dictionary_describes_only_what_there_is(generator: ModuleType) -> None:
    assert generator.unknown_words() == [], "remove them from docs/data-dictionary.toml"


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_readme_names_every_setting(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    names = [f"PATENTDOCK_{name.upper()}" for name in Settings.model_fields]
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


TEXTS = (".py", ".toml", ".csv", ".md", ".html", ".js")


def test_no_text_names_an_internal_paper_or_version() -> None:
    """A source that a user reads is a law, a notice or a public document; a version is 默认 or 自定义."""
    places = ["catalog", "assessment", "ingestion", "index", "matching", "service", "demo", "docs"]
    files = [f for place in places for f in (ROOT / place).rglob("*") if f.suffix in TEXTS]
    named = [
        str(file.relative_to(ROOT))
        for file in [*files, *ROOT.glob("*.md")]
        if re.search(r"domain-rules|\bpolicy/\d|内置-", file.read_text(encoding="utf-8"))
    ]
    assert len(files) > 200
    assert named == []
