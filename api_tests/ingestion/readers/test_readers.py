"""Files in every shape that registers export become rows; what is no table is refused with a Chinese message."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import given
from hypothesis import strategies as st

from ingestion.errors import UnreadableFile
from ingestion.readers import delimited, readers
from ingestion.readers.sheets import Row

TEXT = "专利名称,申请人\n一种泵镕,示例大学\n"


def rows(path: Path) -> list[Row]:
    return [row for sheet in readers.read(path) for row in sheet.rows]


def cells(path: Path) -> list[list[object]]:
    return [list(row.cells) for row in rows(path)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_text_in_any_encoding(tmp_path: Path, codec: str) -> None:
    assert cells(write(tmp_path / "a.csv", TEXT.encode(codec))) == [
        ["专利名称", "申请人"],
        ["一种泵镕", "示例大学"],
    ]


def test_characters_that_only_gb18030_has(tmp_path: Path) -> None:
    assert cells(write(tmp_path / "a.csv", "名称\n㐀㐁\n".encode("gb18030"))) == [["名称"], ["㐀㐁"]]


def test_a_few_rows_in_another_encoding_are_named_not_guessed(tmp_path: Path) -> None:
    content = "名称,人\n一种离心水泵及其装配方法,示例大学\n".encode() + "一种阀,甲\n".encode("gbk")
    found = rows(write(tmp_path / "a.csv", content))
    assert [bool(row.problem) for row in found] == [False, False, True]
    assert "无法解码" in found[2].problem


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    content = TEXT.replace(",", delimiter)
    assert cells(write(tmp_path / "a.csv", content))[1] == ["一种泵镕", "示例大学"]


@given(st.text(st.sampled_from("ab,;\n\r \x00，")), st.sampled_from(",;"))
def test_lines_without_quotes_are_read_as_the_csv_module_reads_them(content: str, delimiter: str) -> None:
    rows = delimited._rows(io.StringIO(content, newline=""), delimiter)
    assert [row.cells for row in rows] == list(
        csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    )


def test_quoted_line_breaks_and_line_numbers(tmp_path: Path) -> None:
    found = rows(write(tmp_path / "a.csv", '名称,人\n一种泵,"甲\n乙"\n一种阀,丙\n'))
    assert [(row.line, row.cells) for row in found[1:]] == [(2, ["一种泵", "甲\n乙"]), (4, ["一种阀", "丙"])]


@pytest.mark.parametrize(
    "content",
    [
        '名称,号,人\n"一种泵,1,甲\n一种阀,2,乙\n一种管,3,丙\n',
        '名称,号,人\n"一种泵,1,甲\n一种阀,2,乙\n一种"管,3,丙\n',
        '名称,号,人\n一种泵,1,"甲\n一种阀,2,乙\n一种管,3,"丙\n',
    ],
)
def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path: Path, content: str) -> None:
    found = rows(write(tmp_path / "a.csv", content))
    assert [row.line for row in found] == [1, 2, 3, 4]
    assert [row.cells[1] for row in found[1:]] == ["1", "2", "3"]


def test_a_long_line_costs_no_memory_and_loses_no_other_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as stream:
        stream.write("名称,号\n一种泵,".encode())
        for _ in range(60):
            stream.write(b"x" * 1_000_000)
        stream.write("\n一种阀,2\n".encode())
    tracemalloc.start()
    found = rows(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ["超过" in row.problem for row in found] == [False, True, False]
    assert found[2].cells == ["一种阀", "2"]
    assert peak < 20_000_000


def test_jsonl_with_broken_and_long_lines(tmp_path: Path) -> None:
    content = (
        '{"title": "一种泵"}\n{"title": "一种阀"\nnull\n{"title": "'
        + "x" * 1_500_000
        + '"}\n{"name": "管"}\n'
    )
    found = rows(write(tmp_path / "a.jsonl", content))
    assert [bool(row.problem) for row in found] == [False, True, True, True, False]
    assert found[4].cells == [None, "管"]


def test_half_a_character_in_json_is_read_as_replaced(tmp_path: Path) -> None:
    content = rb'{"title": "\u5370\ud800", "\udfff": "\ud83d\ude00"}'
    (sheet,) = readers.read(write(tmp_path / "a.jsonl", content))
    (row,) = sheet.rows
    assert (row.cells, row.replaced, row.problem) == (["印\ufffd", "😀"], True, "")
    assert sheet.keys == ["title", "\ufffd"]


def test_json_array_and_array_inside_an_object(tmp_path: Path) -> None:
    records = '[{"title": "一种泵", "applicant": ["甲", "乙"]}, 5]'
    for content in (records, '{"total": 2,\n "data": [{"title": "一种泵", "applicant": ["甲", "乙"]}]}'):
        found = rows(write(tmp_path / "a.json", content))
        assert found[0].cells == ["一种泵", "甲;乙"]


def test_html_table_saved_as_xls(tmp_path: Path) -> None:
    page = (
        '<html><head><meta charset="gbk"><style>td{}</style></head><table><tr><td colspan=2>清单</td></tr>'
        "<tr><th>专利<br>名称</th><th>申请&nbsp;人</th></tr><tr><td>一种&lt;泵&gt;<td>甲</table>"
    )
    assert cells(write(tmp_path / "a.xls", page.encode("gbk"))) == [
        ["清单", ""],
        ["专利\n名称", "申请\xa0人"],
        ["一种<泵>", "甲"],
    ]


def test_xml_spreadsheet_with_skipped_cells(tmp_path: Path) -> None:
    page = (
        '<?xml version="1.0"?><Workbook xmlns:ss="urn:x"><Worksheet><Table><Row><Cell><Data>名称</Data></Cell></Row>'
        '<Row><Cell ss:Index="3"><Data>甲</Data></Cell></Row></Table></Worksheet></Workbook>'
    )
    assert cells(write(tmp_path / "a.xls", page)) == [["名称"], ["", "", "甲"]]


def test_all_sheets_of_a_workbook_with_their_row_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first["B3"] = "名称"
    first["B4"] = date(2024, 1, 31)
    book.create_sheet("空表")
    book.save(tmp_path / "a.xlsx")
    sheets = [(sheet.name, list(sheet.rows)) for sheet in readers.read(tmp_path / "a.xlsx")]
    assert [(name, [row.line for row in found]) for name, found in sheets] == [
        ("Sheet", [1, 2, 3, 4]),
        ("空表", []),
    ]
    assert sheets[0][1][3].cells == ["", date(2024, 1, 31)]


def test_old_binary_workbook(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    sheet.write(0, 0, "名称")
    sheet.write(1, 0, "一种泵")
    book.save(str(tmp_path / "a.xls"))
    assert cells(tmp_path / "a.xls") == [["名称"], ["一种泵"]]


def test_citations_over_several_lines(tmp_path: Path) -> None:
    content = (
        "[1]张三,李四. 一种自校零激光检测仪[P]. 湖北：CN108467855A,2018-08-31.\n"
        "[2]示例大学. 一种\n轨枕[P]. 上海：CN108467856A,2018-08-31.\n"
    )
    found = rows(write(tmp_path / "a.txt", content))
    assert [(row.line, row.cells[0]) for row in found[1:]] == [
        (1, "[1]张三,李四. 一种自校零激光检测仪[P]. 湖北：CN108467855A,2018-08-31."),
        (2, "[2]示例大学. 一种轨枕[P]. 上海：CN108467856A,2018-08-31."),
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "空的"),
        ("a.csv", b"\xef\xbb\xbf\r\n \n", "空的"),
        ("a.xlsx", b"%PDF-1.7 ...", "PDF"),
        ("a.xlsx", b"PK\x03\x04" + b"x" * 500, "已损坏"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "已损坏"),
        ("a.json", b'[{"title": "x"},', "不是有效的 JSON"),
        ("a.csv", bytes(range(1, 9)) * 400, "不是文本"),
    ],
)
def test_files_that_hold_no_table(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says) as caught:
        rows(write(tmp_path / name, content))
    assert caught.value.hint


def as_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["专利名称", "号"])
    book.worksheets[0].append(["一种泵", "1"])
    book.save(path)


def as_xls(path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    for line, row in enumerate([["专利名称", "号"], ["一种泵", "1"]]):
        for place, said in enumerate(row):
            sheet.write(line, place, said)
    book.save(str(path))


def as_csv(path: Path) -> None:
    path.write_text("专利名称,号\n一种泵,1\n", "utf-8")


def as_html(path: Path) -> None:
    path.write_text("<table><tr><td>专利名称<td>号<tr><td>一种泵<td>1</table>", "utf-8")


def as_utf16(path: Path) -> None:
    path.write_text("专利名称\t号\n一种泵\t1\n", "utf-16")


@pytest.mark.parametrize(
    "suffix", [".xlsx", ".xls", ".xlsb", ".ods", ".csv", ".txt", ".html", ".json", ".dat", ""]
)
@pytest.mark.parametrize(
    ("make", "own", "said"),
    [(as_xlsx, ".xlsx", "xlsx 格式的工作簿"), (as_xls, ".xls", "xls 格式的工作簿"), (as_csv, ".csv .txt", "文本表格"),
     (as_html, ".html", "网页或 XML 表格"), (as_utf16, ".csv .txt", "文本表格")],
)  # fmt: skip
def test_a_file_under_another_suffix_is_read_as_what_it_is_with_a_remark(
    tmp_path: Path, make: Callable[[Path], None], own: str, said: str, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    made = tmp_path / "made.tmp"
    make(made)
    made.replace(path)
    ((found, remarks),) = [([row.cells for row in sheet.rows], sheet.remarks) for sheet in readers.read(path)]
    assert found == [["专利名称", "号"], ["一种泵", "1"]]
    fits = suffix in own.split() or suffix in ("", ".dat")
    assert [said in remark and suffix in remark for remark in remarks] == ([] if fits else [True])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="无法打开"):
        readers.read(tmp_path / "没有.csv")


def test_a_cell_that_no_spreadsheet_holds_is_refused_with_its_row(tmp_path: Path) -> None:
    book = tmp_path / "大.xlsx"
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        sheet.xls_strmax = 10**9
        for line, cells_ in enumerate([["专利名称", "摘要"], ["一种泵", "长" * 150_000], ["一种阀", "短"]]):
            sheet.write_row(line, 0, cells_)
    found = rows(book)
    assert ["单元格超过 10 万字" in row.problem for row in found] == [False, True, False]
    assert found[1].cells[0] == "一种泵"


def corner(path: Path) -> None:
    """Two cells, and a rectangle of two thousand million."""
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    page.write(0, 0, "专利名称")
    page.write(1_048_575, 2000, "一种水泵")
    book.close()


def shared(path: Path) -> None:
    """One long text in a hundred thousand cells."""
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    for row in range(100_000):
        page.write(row, 0, "长" * 20_000)
    book.close()


def repeated(path: Path) -> None:
    """One row of one cell, said to stand there a hundred million times."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    cell = '<table:table-cell table:number-columns-repeated="1000"><text:p>泵</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="100000">{cell}</table:table-row>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        body = f'<office:body><office:spreadsheet><table:table table:name="a">{row}</table:table></office:spreadsheet></office:body>'
        archive.writestr("content.xml", f"<office:document-content {names}>{body}</office:document-content>")


@pytest.mark.parametrize("make", [corner, shared, repeated])
def test_a_small_workbook_that_would_take_gigabytes_is_refused_unread(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "a.xlsx")
    assert (tmp_path / "a.xlsx").stat().st_size < 1_000_000
    with pytest.raises(UnreadableFile, match=r"GB 内存.*csv"):
        list(readers.read(tmp_path / "a.xlsx"))
