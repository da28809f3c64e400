"""Delimited text: the delimiter is told by records, guards are dropped, lost characters are told from broken bytes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.ingestion.invented import Import, counts, number
from ingestion.readers import readers
from ingestion.readers.delimited import sniff_delimiter
from ingestion.readers.guards import unguarded

LIST = "包括：\n机架; 电机; 滚筒; 控制器\n联轴器, 轴承, 端盖\n等\t部件|零件。"


def cells(path: Path) -> list[list[object]]:
    return [list(row.cells) for sheet in readers.read(path) for row in sheet.rows]


def written(rows: list[list[str]], delimiter: str, **how: object) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, **how).writerows(rows)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("times", [1, 3, 400])
def test_delimiters_and_line_breaks_inside_cells_divide_nothing(delimiter: str, times: int) -> None:
    rows = [["申请号", "专利名称", "摘要"], *([number(n), f"一种示例装置{n}", LIST] for n in range(times))]
    assert sniff_delimiter(written(rows, delimiter)) == delimiter


def test_a_table_of_long_quoted_cells_is_imported_whole(import_text: Import) -> None:
    rows = [["申请号", "专利名称", "摘要", "IPC分类号"]]
    rows += [[number(n), f"一种示例装置{n}", LIST, "B01D69/02"] for n in range(3)]
    assert counts(import_text(written(rows, ","))) == (3, 0, 0, 0)


# Quotes in pairs, as people write them; no apostrophe and no sign of equality, with which a guard begins.
_SAID = st.lists(
    st.one_of(st.text(st.sampled_from("一种示例水泵甲乙丙;,\t|\n 0123.X"), max_size=6), st.just('"甲, 乙"')),
    max_size=3,
).map("".join)


@settings(deadline=None)
@given(
    st.integers(2, 5).flatmap(lambda width: st.lists(st.lists(_SAID, min_size=width, max_size=width), min_size=4, max_size=30)),
    st.sampled_from(",\t;|"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)  # fmt: skip
def test_every_cell_of_quoted_text_stands_in_its_column(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, quoting: int
) -> None:
    rows = [[f"列{place}" for place in range(len(rows[0]))], *rows]
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text(written(rows, delimiter, quoting=quoting), encoding="utf-8", newline="")
    assert cells(path) == rows


def guarded(said: str, how: int) -> str:
    """A text as registers guard it."""
    doubled = said.replace('"', '""')
    return [said, f'="{doubled}"', f'=T("{doubled}")', f"'{said}", f' = "{doubled}"'][how]


@given(st.text(st.characters(exclude_characters="'`=\x00", exclude_categories=["Cs"])), st.integers(1, 4))
def test_a_guarded_text_is_the_text(said: str, how: int) -> None:
    assert unguarded(guarded(said, how)) == said


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8),
    st.sampled_from(",\t;"),
    st.booleans(),
)
def test_guards_of_any_form_in_any_cell(
    tmp_path_factory: pytest.TempPathFactory, how: list[tuple[int, int]], delimiter: str, is_bare: bool
) -> None:
    plain = [[number(n), f"一种示例{delimiter}球阀{n}", "示例大学"] for n in range(len(how))]
    rows = [
        [guarded(row[0], first), guarded(row[1], second), row[2]]
        for row, (first, second) in zip(plain, how, strict=True)
    ]
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    if (
        is_bare
    ):  # guards written without the quotes that csv asks for; a delimiter is only inside the form ="…"
        rows = [[row[0], f'="{said[1]}"', row[2]] for row, said in zip(rows, plain, strict=True)]
        path.write_text("".join(f"{delimiter.join(row)}\n" for row in rows), encoding="utf-8")
    else:
        path.write_text(written(rows, delimiter), encoding="utf-8", newline="")
    assert cells(path) == plain


@pytest.mark.parametrize("said", ["=1+1", "'T'形槽", "'5'型", "a=b", '="a"&"b"', "=SUM(A1:A2)"])
def test_what_is_no_guard_stays(said: str) -> None:
    assert unguarded(said) == said


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_lost_character_of_a_valid_file_is_imported_and_noted(
    import_text: Import, codec: str, quote: str
) -> None:
    content = f"申请号,专利名称\n{number(1)},一种示例阀\n{number(2)},{quote}一种示例\ufffd型导轨{quote}\n"
    report = import_text(content.encode(codec))
    assert counts(report) == (2, 0, 0, 0)
    (message,) = [message for message in report.messages if "\ufffd" in message]
    assert "第 3 行" in message
    assert counts(import_text(content.encode(codec))) == (0, 0, 2, 0)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.xls", "a.txt"])
def test_a_lost_character_is_noted_in_any_format(import_text: Import, name: str) -> None:
    content = {
        "a.json": f'[{{"title": "一种示例\ufffd型导轨", "number": "{number(1)}"}}]',
        "a.jsonl": f'{{"title": "一种示例\\ufffd型导轨", "number": "{number(1)}"}}\n',
        "a.xls": f"<table><tr><td>申请号<td>专利名称<tr><td>{number(1)}<td>一种示例\ufffd型导轨</table>",
        "a.txt": f"[1]示例大学. 一种示例\ufffd型导轨:{number(1)}[P]. 2020-01-02.\n",
    }[name]
    report = import_text(content, name)
    assert counts(report) == (1, 0, 0, 0)
    assert any("\ufffd" in message for message in report.messages)


def test_broken_bytes_beside_a_lost_character_are_the_only_reason_to_refuse(import_text: Import) -> None:
    content = f"申请号,专利名称\n{number(1)},一种离心水泵及其装配方法\n{number(2)},一种示例\ufffd阀门装置\n".encode()
    report = import_text(content + f"{number(3)},一种阀\n".encode("gbk"))
    assert counts(report) == (2, 0, 0, 1)
    assert "无法解码" in report.refusals[0].reason


def test_broken_bytes_in_an_array_of_json_refuse_their_record(import_text: Import) -> None:
    content = f'[{{"title": "一种离心水泵及其装配方法", "number": "{number(1)}"}}, {{"number": "{number(2)}", "title": "'.encode()
    report = import_text(content + b'\xff\xfe"}]', "a.json")
    assert counts(report) == (1, 0, 0, 1)
    assert "无法解码" in report.refusals[0].reason
