"""Whatever the file holds: the counts add up, a second import changes nothing, and only Chinese messages come out."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_tests.ingestion.invented import checked, number
from catalog.db import Database, sqlite_url
from catalog.kit.days import beijing_today
from catalog.kit.errors import PatentDockError
from ingestion.columns.headers import vocabulary
from ingestion.imports.importer import ImportReport, import_file
from ingestion.kinds.kinds import KIND_NAMES

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=12)
_NUMBERS = st.integers(0, 30).map(number)
_CELLS = st.one_of(
    _WORDS,
    _NUMBERS,
    st.sampled_from(
        ["", "一种离心水泵", "一种阀门", "示例大学", "示例机械有限公司", "张示例", "2019.01.02", "2019-13-40", "45292", "2.02E+12",
         "CN109900001A", "CN109900001B", "CN202644312U", "G02F1/13(2006.01)I;??", "授权", "发明", "合计", "80万元", "免费",
         "湖北省武汉市", "=1+1", '"', "a\x00b", "\ufffd", "申请号", "名称"]
    ),
)  # fmt: skip


@st.composite
def grids(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    """A kind and rows under a header of known, unknown and repeated names, or under none."""
    kind = draw(st.sampled_from(list(KIND_NAMES)))
    names = [name for role in vocabulary(kind).roles.values() for name in role.names[:3]]
    header = draw(st.lists(st.one_of(st.sampled_from(names), _WORDS), min_size=1, max_size=7))
    rows = draw(st.lists(st.lists(_CELLS, min_size=1, max_size=8), max_size=12))
    before = draw(st.lists(st.lists(_WORDS, max_size=3), max_size=2))
    return kind, [*before, *([header] if draw(st.booleans()) or not rows else []), *rows]


@pytest.fixture(scope="module")
def stocked(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with the patents whose numbers stand in the cells: declarations, facts and deals are stored, too."""
    folder = tmp_path_factory.mktemp("stocked")
    shutil.copy(template, folder / "catalog.db")
    rows = [f"一种示例装置{serial},{number(serial)},示例大学,2021-02-03\n" for serial in range(31)]
    (folder / "a.csv").write_text("专利名称,申请号,专利权人,授权公告日\n" + "".join(rows), "utf-8")
    database = Database(sqlite_url(folder / "catalog.db"))
    import_file(database, folder / "a.csv", "patents", today=beijing_today(), rejected_dir=folder)
    database.dispose()
    return folder / "catalog.db"


def run(template: Path, path: Path, kind: str) -> list[ImportReport]:
    """The reports of two imports of one file into a fresh catalogue; none where the file was refused in Chinese."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(template, Path(folder) / "catalog.db")
        database = Database(sqlite_url(Path(folder) / "catalog.db"))
        try:
            first = checked(
                import_file(database, path, kind, today=beijing_today(), rejected_dir=Path(folder))
            )
            return [
                first,
                checked(import_file(database, path, kind, today=beijing_today(), rejected_dir=Path(folder))),
            ]
        except PatentDockError as error:
            if not any("\u4e00" <= c <= "\u9fff" for c in error.message):
                raise
            return []
        finally:
            database.dispose()


def unmoved(reports: list[ImportReport]) -> None:
    if reports:
        first, second = reports
        # Rows that are known to be unchanged are counted without being read.
        assert second.columns == first.columns
        assert (second.new, second.changed) == (0, 0)
        assert (second.rows, second.rejected, second.waiting) == (first.rows, first.rejected, first.waiting)


@FEW
@given(grids(), st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]), st.sampled_from(",\t;"))
def test_any_text_table(stocked: Path, grid: tuple[str, list[list[str]]], codec: str, delimiter: str) -> None:
    kind, rows = grid
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(stream.getvalue().encode(codec))
        unmoved(run(stocked, path, kind))


@FEW
@given(grids())
def test_any_workbook(stocked: Path, grid: tuple[str, list[list[str]]]) -> None:
    kind, rows = grid
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(["".join(c for c in cell if c >= " ") for cell in row])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        book.save(path)
        unmoved(run(stocked, path, kind))


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _CELLS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=3)),
    max_leaves=5,
)
_KEYS = st.one_of(
    st.sampled_from(["title", "number", "applicant", "名称", "申请号", "摘要", "申请日"]), _WORDS
)


@FEW
@given(st.lists(st.one_of(st.dictionaries(_KEYS, _JSON, max_size=5), _JSON), max_size=8), st.booleans())
def test_any_json(template: Path, records: list[object], as_array: bool) -> None:
    lines = [json.dumps(record, ensure_ascii=as_array) for record in records]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        path.write_text(f"[{','.join(lines)}]" if as_array else "\n".join(lines), encoding="utf-8")
        unmoved(run(template, path, "patents"))


@FEW
@given(
    st.binary(max_size=400),
    st.sampled_from(["", "名称,申请号\n", '{"title": "', "<table><tr><td>名称", "[1]甲. 乙[P]"]),
)
def test_any_bytes(template: Path, content: bytes, start: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(start.encode() + content)
        unmoved(run(template, path, "patents"))


@FEW
@given(
    st.lists(
        st.tuples(st.lists(_WORDS.filter(str.strip), min_size=2, max_size=4), st.booleans()),
        min_size=1,
        max_size=9,
    )
)
def test_no_row_of_a_plain_table_is_lost(template: Path, rows: list[tuple[list[str], bool]]) -> None:
    """Rows written are rows counted, or named in the messages as skipped."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["名称", "申请号", "摘要", "地址"])
    for cells, quoted in rows:
        writer.writerow([*cells[:-1], f'{cells[-1]}"\n' if quoted else cells[-1]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(stream.getvalue(), encoding="utf-8", newline="")
        for report in run(template, path, "patents"):
            skipped = sum("略过" in message for message in report.messages)
            assert report.rows + skipped >= len(rows) - sum(
                1 for cells, _ in rows if not "".join(cells).strip()
            )
