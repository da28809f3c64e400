"""The rules by which the house is built: rooms of few files, imports that run down, one class a name, code found by place."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

from index.generations.collection import TEXT_RULES
from index.text import sentences, tokens
from index.vectors.sentences import KnownSentences, SentenceIndex
from index.words.bm25 import counted, length_norms, token_key
from ingestion.imports.reading import program_files

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("catalog", "assessment", "ingestion", "index", "matching", "service")
MOST_FILES = 13
DICTIONARIES = {"service/api", "service/cli/commands", "catalog/migrations/versions"}
"""One file a noun: as many as there are nouns."""


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def test_a_room_has_few_files_and_says_in_a_sentence_what_it_is_for() -> None:
    files = Counter(str(path.parent.relative_to(ROOT)) for path in modules() if path.name != "__init__.py")
    assert {room: count for room, count in files.items() if count > MOST_FILES}.keys() <= DICTIONARIES
    rooms = [ROOT / room / "__init__.py" for room in files if not room.startswith("catalog/migrations")]
    assert [room for room in rooms if not ast.get_docstring(ast.parse(room.read_text("utf-8")))] == []


def test_no_import_goes_in_a_circle() -> None:
    imports = graph()
    # Raises CycleError naming the circle.
    list(
        TopologicalSorter(
            {module: imports.find_modules_directly_imported_by(module) for module in imports.modules}
        ).static_order()
    )


def test_a_class_name_stands_once() -> None:
    places = defaultdict(list)
    for path in modules():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_docstring_names_the_thing_in_place_of_a_question() -> None:
    """A noun phrase or a verb in the third person, but no clause that begins with a question word."""
    asking = [
        f"{path.relative_to(ROOT)}: {first}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for first in (ast.get_docstring(node) or "").splitlines()[:1]
        if re.match(r"(What|How|Which|Who|Whose|When|Why)\b", first)
    ]
    assert asking == []


def test_an_import_that_runs_up_is_refused(tmp_path: Path) -> None:
    for package in (*PACKAGES, "demo"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for lower, upper in (("matching/need/cleaning.py", "matching.answers"), ("catalog/kit/base.py", "index")):
        path = tmp_path / lower
        path.write_text(
            f"import {upper}  # noqa\n{path.read_text('utf-8')}".replace("from __future__", "#"), "utf-8"
        )
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert done.returncode == 1
    assert broken == [
        "Imports point one way between packages BROKEN",
        "Rooms of matching, top floor first BROKEN",
        "Ingestion knows no index BROKEN",
    ]


def test_all_code_that_decides_what_a_row_says_is_in_the_digest_of_the_program() -> None:
    """Marks of rows that were read hold only while that code is the same."""
    imports, hashed = graph(), set(program_files())
    deciding = imports.find_upstream_modules("ingestion.imports.importer") | {"ingestion.imports.importer"}
    unseen = [module for module in deciding if _file(module) not in hashed]
    assert unseen == []
    headers = ROOT / "ingestion" / "columns" / "headers.toml"
    assert {headers, ROOT / "catalog" / "refdata" / "regions.csv"} <= hashed


def test_all_code_that_makes_tokens_and_sentences_is_in_the_digest_of_text_rules() -> None:
    made = (tokens, sentences, counted, token_key, length_norms, SentenceIndex, KnownSentences)
    assert {inspect.getsourcefile(inspect.unwrap(one)) for one in made} == {
        module.__file__ for module in TEXT_RULES
    }


def _file(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_the_day_is_read_in_service_and_is_a_parameter_below() -> None:
    places = [path for path in modules() if path.parts[len(ROOT.parts)] != "service"]
    read = [
        str(path.relative_to(ROOT))
        for path in places
        if re.search(r"date\.today\(|import .*\bbeijing_today\b", path.read_text("utf-8"))
    ]
    assert read == []
    zoned = [p for p in modules() if "date.today(" in p.read_text("utf-8")]
    assert zoned == [], "the day is that of Beijing: catalog.kit.days.beijing_today"
