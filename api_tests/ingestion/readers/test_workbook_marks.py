"""Hidden parts of a workbook are imported and reported, and the day that it counts from is known."""

from __future__ import annotations

import struct
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
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from api_tests.ingestion.invented import Import, counts, number
from ingestion.errors import UnreadableFile
from ingestion.readers import binary_marks, readers, workbook_size, xlsb_marks

HEADER = ["申请号", "专利名称", "申请日", "授权公告日"]
# Days from 1904-01-01 to 2019-03-01 and to 2023-05-10.
FILED, GRANTED = 42_063, 43_594


def xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.title = "台账"
    sheet.append(HEADER)
    for serial in range(4):
        sheet.append([number(serial), f"一种示例水泵之{serial}", FILED + serial, GRANTED + serial])
    for line in (3, 4):
        sheet.row_dimensions[line].hidden = True
    sheet.column_dimensions["D"].hidden = True
    other = book.create_sheet("作废")
    other.append(HEADER)
    other.append([number(9), "一种示例阀门", FILED, None])
    other.sheet_state = "veryHidden"
    book.save(path)


def xls(path: Path) -> None:
    book = xlwt.Workbook()
    book.dates_1904 = True
    for name, serials in (("台账", range(4)), ("作废", [9])):
        sheet = book.add_sheet(name)
        for place, said in enumerate(HEADER):
            sheet.write(0, place, said)
        for line, serial in enumerate(serials, start=1):
            values = [number(serial), f"一种示例水泵之{serial}", FILED + serial, GRANTED + serial]
            for place, value in enumerate(values):
                sheet.write(line, place, value)
    book.get_sheet(0).row(2).hidden = book.get_sheet(0).row(3).hidden = True
    book.get_sheet(0).col(3).hidden = True
    book.get_sheet(1).visibility = 1
    book.save(str(path))


def spreadsheet_of_2003(path: Path) -> None:
    def sheet(name: str, serials: list[int], hidden: list[int], visible: str) -> str:
        names = "".join(f"<Cell><Data ss:Type='String'>{said}</Data></Cell>" for said in HEADER)
        lines = [f"<Row>{names}</Row>"]
        for line, serial in enumerate(serials, start=2):
            said = [number(serial), f"一种示例水泵之{serial}", FILED + serial, GRANTED + serial]
            cells = "".join(f"<Cell><Data>{value}</Data></Cell>" for value in said)
            is_hidden = " ss:Hidden='1'" if line in hidden else ""
            lines.append(f"<Row{is_hidden}>{cells}</Row>")
        columns = "<Column ss:Index='4' ss:Hidden='1'/>" if hidden else ""
        options = f"<WorksheetOptions><Visible>{visible}</Visible></WorksheetOptions>"
        return f"<Worksheet ss:Name='{name}'><Table>{columns}{''.join(lines)}</Table>{options}</Worksheet>"

    path.write_text(
        "<?xml version='1.0'?><Workbook xmlns:ss='urn:x'><ExcelWorkbook><Date1904/></ExcelWorkbook>"
        + sheet("台账", [0, 1, 2, 3], [3, 4], "SheetVisible")
        + sheet("作废", [9], [], "SheetHidden")
        + "</Workbook>",
        encoding="utf-8",
    )


def _record(kind: int, data: bytes = b"") -> bytes:
    """A record of an xlsb: its kind and its length, seven bits a byte, and its content."""
    return _number(kind) + _number(len(data)) + data


def _number(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts[-1] |= 0x80
        parts.append(number & 0x7F)
    return bytes(parts)


def _text(said: str) -> bytes:
    return struct.pack("<I", len(said)) + said.encode("utf-16-le")


def _part(
    rows: list[list[str | int]],
    hidden_rows: list[int],
    hidden_columns: list[int],
    merged: list[tuple[int, ...]],
) -> bytes:
    """The part of a sheet in an xlsb ([MS-XLSB] 2.4): columns, rows of texts and numbers, merged blocks."""
    out = (
        _record(129) + _record(148, struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + _record(390)
    )
    out += b"".join(_record(60, struct.pack("<4IH", place, place, 2560, 0, 1)) for place in hidden_columns)
    out += _record(391) + _record(145)
    for line, row in enumerate(rows):
        out += _record(
            0, struct.pack("<IIHBBBI", line, 0, 300, 0, 0x10 if line + 1 in hidden_rows else 0, 0, 0)
        )
        for place, said in enumerate(row):
            cell = struct.pack("<II", place, 0)
            if isinstance(said, int):
                out += _record(5, cell + struct.pack("<d", said))
            elif said:
                out += _record(6, cell + _text(said))
    out += _record(146) + _record(177, struct.pack("<I", len(merged)))
    return (
        out
        + b"".join(_record(176, struct.pack("<4I", *block)) for block in merged)
        + _record(178)
        + _record(130)
    )


def xlsb(path: Path) -> None:
    rows: list[list[str | int]] = [
        [number(n), f"一种示例水泵之{n}", FILED + n, GRANTED + n] for n in range(4)
    ]
    rows[2][1] = ""  # covered by a block that begins above it
    other: list[list[str | int]] = [[number(9), "一种示例阀门", FILED, ""]]
    parts = {
        "台账": (0, _part([[*HEADER], *rows], [3, 4], [3], [(2, 3, 1, 1)])),
        "作废": (2, _part([[*HEADER], *other], [], [], [])),
    }
    sheets = [
        _record(156, struct.pack("<II", state, place) + _text(f"rId{place}") + _text(name))
        for place, (name, (state, _)) in enumerate(parts.items(), 1)
    ]
    relations = "".join(
        f'<Relationship Id="rId{place}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"'
        f' Target="worksheets/sheet{place}.bin"/>'
        for place in range(1, len(parts) + 1)
    )
    with zipfile.ZipFile(path, "w") as archive:
        book = [
            _record(131),
            _record(153, struct.pack("<III", 1, 0, 0)),
            _record(143),
            *sheets,
            _record(144),
            _record(132),
        ]
        archive.writestr("xl/workbook.bin", b"".join(book))
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}</Relationships>',
        )
        for place, (_, part) in enumerate(parts.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{place}.bin", part)


MAKERS = [(xlsx, "a.xlsx"), (xls, "a.xls"), (spreadsheet_of_2003, "b.xml"), (xlsb, "a.xlsb")]


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_what_is_hidden_is_imported_and_named(
    import_text: Import, tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    make(tmp_path / f"made-{name}")
    report = import_text((tmp_path / f"made-{name}").read_bytes(), name)
    assert counts(report) == (5, 0, 0, 0)
    assert [message for message in report.messages if "隐藏" in message] == [
        "工作表“台账”：2 个隐藏行已照常导入（第 3-4 行）",
        "工作表“台账”：1 个隐藏列已照常读取（授权公告日）",
        "工作表“作废”：是隐藏的工作表，已照常导入",
    ]


@pytest.mark.parametrize(("make", "name"), MAKERS)
def test_days_count_from_where_the_workbook_says(
    import_text: Import, tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    make(tmp_path / f"made-{name}")
    report = import_text((tmp_path / f"made-{name}").read_bytes(), name)
    assert [record["申请日"] for record in report.preview][:4] == [
        "2019-03-01",
        "2019-03-02",
        "2019-03-03",
        "2019-03-04",
    ]
    assert report.preview[0]["授权公告日"] == "2023-05-10"


def test_merged_blocks_of_an_xlsb_are_filled(import_text: Import, tmp_path: Path) -> None:
    xlsb(tmp_path / "made.xlsb")
    report = import_text((tmp_path / "made.xlsb").read_bytes(), "a.xlsb")
    assert [record["专利名称"] for record in report.preview[:4]] == [
        f"一种示例水泵之{n}" for n in (0, 1, 1, 3)
    ]
    assert any("1 个空单元格属于合并单元格" in message for message in report.messages)


@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=20), st.floats(0.01, 1))
def test_a_damaged_part_of_an_xlsb_has_other_marks_but_never_an_error(
    wrong: list[tuple[float, int]], share: float
) -> None:
    content = bytearray(
        _part([[*HEADER], [number(1), "一种示例水泵", FILED, GRANTED]], [2], [1], [(0, 1, 1, 1)])
    )
    for place, byte in wrong:
        content[int(place * len(content))] = byte
    xlsb_marks.of_sheet(bytes(content[: int(share * len(content))]))


def test_days_of_1904_come_back_right_from_the_workbook_of_rejected_rows(
    import_text: Import, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0].append(HEADER)
    book.worksheets[0].append(["2019199000019", "一种示例水泵", FILED, GRANTED])
    book.save(tmp_path / "made.xlsx")
    report = import_text((tmp_path / "made.xlsx").read_bytes(), "a.xlsx")
    assert report.rejected_file is not None
    sheet = openpyxl.load_workbook(report.rejected_file).worksheets[0]
    assert [cell.value.date() for cell in sheet[2][2:4]] == [date(2019, 3, 1), date(2023, 5, 10)]


def test_a_budget_in_a_workbook_of_1904_is_no_day(import_text: Import, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.worksheets[0].append(["需求名称", "需求描述", "预算（元）", "截止日期"])
    book.worksheets[0].append(["铸件砂眼在线检测", "铸件表面砂眼靠人工挑拣，希望在线检测。", 50_000, 46_000])
    book.save(tmp_path / "made.xlsx")
    (shown,) = import_text((tmp_path / "made.xlsx").read_bytes(), "a.xlsx", "needs").preview
    assert (shown["预算"].removesuffix(".00"), shown["截止日期"]) == ("50000", "2029-12-10")


def test_constants_are_read_where_no_program_calculated_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["申请号", "专利名称"])
    book.worksheets[0].append([f'="{number(1)}"', '=T("一种示例""O""形圈")'])
    book.worksheets[0].append([f"'{number(2)}", "一种示例'T'形槽'"])
    book.save(tmp_path / "a.xlsx")
    with xlsxwriter.Workbook(tmp_path / "b.xlsx") as other:
        other.add_worksheet().write_row(0, 0, [f'="{number(1)}"', '=T("一种示例""O""形圈")'])
    first, second = (
        [row.cells for sheet in readers.read(tmp_path / name) for row in sheet.rows]
        for name in ("a.xlsx", "b.xlsx")
    )
    assert first[1:] == [[number(1), '一种示例"O"形圈'], [number(2), "一种示例'T'形槽'"]]
    assert second == [[number(1), '一种示例"O"形圈']]


@pytest.mark.parametrize("value", ["", "<v></v>", "<v/>", " <v />"])
def test_a_formula_without_a_stored_value_is_named(import_text: Import, tmp_path: Path, value: str) -> None:
    with xlsxwriter.Workbook(tmp_path / "made.xlsx") as book:
        sheet = book.add_worksheet("台账")
        for line, row in enumerate(
            [HEADER[:2], [number(1), "=A9&A8"], [number(2), '=IF(A1="","","x")'], [number(3), "一种示例阀"]]
        ):
            sheet.write_row(line, 0, row)
    with (
        zipfile.ZipFile(tmp_path / "made.xlsx") as made,
        zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive,
    ):
        for name in made.namelist():
            content = made.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"<f>A9&amp;A8</f><v>0</v>", f"<f>A9&amp;A8</f>{value}".encode())
                content = content.replace(b'<c r="B3"><f>', b'<c r="B3" t="str"><f>').replace(
                    b"</f><v>0</v>", b"</f><v></v>"
                )
            archive.writestr(name, content)
    report = import_text((tmp_path / "a.xlsx").read_bytes(), "a.xlsx")
    assert counts(report) == (1, 0, 0, 2)
    told = [message for message in report.messages if "公式" in message]
    assert told == [
        "工作表“台账”：1 个公式单元格没有保存计算结果，按空白读取（B2）；请用 Excel 或 WPS 打开并保存后重新导入"
    ]


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?"])
@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.csv", "a.html"])
def test_an_error_in_place_of_a_value_is_no_value_and_named(
    import_text: Import, tmp_path: Path, error: str, name: str
) -> None:
    rows = [
        ["申请号", "专利名称", "专利权人"],
        [number(1), "一种示例阀", error],
        [number(2), "一种示例泵", "示例大学"],
    ]
    if name == "a.xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.worksheets[0].append(row)
        book.save(tmp_path / "made.xlsx")
        content = (tmp_path / "made.xlsx").read_bytes()
    elif name == "a.xls":
        old = xlwt.Workbook()
        page = old.add_sheet("Sheet")
        for line, row in enumerate(rows):
            for place, said in enumerate(row):
                if said == error:
                    page.row(line).set_cell_error(place, 0x2A if said == "#N/A" else said)
                else:
                    page.write(line, place, said)
        old.save(str(tmp_path / "made.xls"))
        content = (tmp_path / "made.xls").read_bytes()
    elif name == "a.csv":
        content = "\n".join(map(",".join, rows)).encode()
    else:
        lines = "".join("<tr><td>" + "<td>".join(row) for row in rows)
        content = f"<table>{lines}</table>".encode()
    report = import_text(content, name)
    assert counts(report) == (2, 0, 0, 0)
    assert "专利权人" not in report.preview[0]
    where = "C2" if name in ("a.xlsx", "a.xls") else "专利权人 1 个"
    told = f"1 个单元格是公式错误（如 #REF!），按空白读取（{where}）"
    assert [message.partition("：")[2] for message in report.messages] == [told]


def many_blocks(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["专利名称", "专利权人"])
        for line in range(1, 4000, 2):
            sheet.merge_range(line, 1, line + 1, 1, "示例大学")


def many_old_blocks(path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    for line in range(1, 8000, 2):
        sheet.write_merge(line, line + 1, 1, 1, "示例大学")
    book.save(str(path))


@pytest.mark.parametrize(("make", "name"), [(many_blocks, "a.xlsx"), (many_old_blocks, "a.xls")])
def test_merged_blocks_without_end_are_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], name: str
) -> None:
    make(tmp_path / name)
    monkeypatch.setattr(workbook_size, "MAX_MEMORY", 1_000_000)
    with pytest.raises(UnreadableFile, match="内存"):
        list(readers.read(tmp_path / name))


def test_hidden_rows_of_a_page_are_told(import_text: Import) -> None:
    report = import_text(
        f"<table><tr><td>申请号<td>专利名称<tr style='display: none'><td>{number(1)}<td>一种示例水泵"
        f"<tr hidden><td>{number(2)}<td>一种示例阀门<tr><td>{number(3)}<td>一种示例管道</table>",
        "a.html",
    )
    assert counts(report) == (3, 0, 0, 0)
    assert report.messages == ["工作表“a”：2 个隐藏行已照常导入（第 2-3 行）"]


@pytest.fixture(scope="module")
def old_workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("xls") / "a.xls"
    xls(path)
    return path


@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=20), st.floats(0.01, 1))
def test_a_damaged_old_workbook_has_no_marks_or_other_ones_but_never_an_error(
    old_workbook: Path, wrong: list[tuple[float, int]], share: float
) -> None:
    content = bytearray(old_workbook.read_bytes())
    for place, byte in wrong:
        content[int(place * len(content))] = byte
    damaged = old_workbook.with_name("damaged.xls")
    damaged.write_bytes(content[: int(share * len(content))])
    binary_marks.of_binary(damaged)
