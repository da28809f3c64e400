"""Segment catalogues as files, and what a new version does to the classes of records."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest

from api_tests.ingestion.invented import Import, number
from catalog.db import Database
from catalog.demand import enterprises, needs
from catalog.kit.base import ClassRef
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, NotFound
from catalog.kit.paging import ListQuery
from catalog.segments import segments
from catalog.segments import versions as segment_versions
from catalog.segments.segments import CatalogueEntry, SegmentEntry
from catalog.supply import patent_classes, patent_lists, patents_shown
from ingestion.segments import files as segment_files
from ingestion.segments.reclassify import adopt, switch
from service.installation.setup import shipped_catalogue


@pytest.mark.parametrize("name", ["目录.xlsx", "目录.csv"])
def test_what_is_exported_is_imported_as_it_was(tmp_path: Path, name: str) -> None:
    shipped = shipped_catalogue().model_copy(update={"valid_to": date(2026, 12, 31), "official": True})
    segment_files.write(tmp_path / name, shipped)
    assert segment_files.read(tmp_path / name) == shipped


CASES = {
    "第 2 行 生效日期“昨天”": ("2026-01-01", "昨天"),
    "第 9 行 国民经济行业代码“39777”：国民经济行业分类（GB/T 4754-2017）中没有此代码": ("397", "397 39777"),
    "第 9 行 IPC 小类“G02”：应为 IPC 小类，如 H01M": ("G02F", "G02F G02"),
    "第 9 行 IPC 小类“G77Z”：IPC 中没有此小类": ("G02F", "G77Z"),
    "第 10 行 代码“S1”：与第 9 行重复": ("S2", "S1"),
    "第 10 行 细分领域：不能为空": ("装备", ""),
    "第 9 行 细分领域“显显": ("显示", "显" * 101),
    "文件 产业目录版本：缺少此项": ("产业目录版本,V-2\n", "\n"),
    "第 4 行 已官方核定“也许”：应填“是”或“否”": ("核定,否", "核定,也许"),
    "无法识别的列名": ("类别", "分类"),
    "第 3 行 失效日期“2020-01-01”：早于生效日期": ("失效日期,", "失效日期,2020-01-01"),
    "没有细分领域": ("代码,细分领域", "编码,领域"),
}  # fmt: skip
GOOD = (
    "产业目录版本,V-2\n生效日期,2026-01-01\n失效日期,\n已官方核定,否\n名称,试行目录\n来源,省局来函\n\n"
    "代码,细分领域,类别,国民经济行业代码,IPC 小类\nS1,显示,一类,397,G02F\nS2,装备,一类,34 3441,F04D、F16K\n"
)


@pytest.mark.parametrize("message", CASES)
def test_every_error_is_named_with_its_line(tmp_path: Path, message: str) -> None:
    path = tmp_path / "目录.csv"
    path.write_text(GOOD, "utf-8")
    assert [s.ipc_subclasses for s in segment_files.read(path).segments] == [["G02F"], ["F04D", "F16K"]]
    old, new = CASES[message]
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1), "utf-8")
    with pytest.raises(segment_files.InvalidCatalogue) as refused:
        segment_files.read(path)
    assert message in refused.value.message


def catalogue(version: str, **subclasses: list[str]) -> CatalogueEntry:
    return CatalogueEntry(
        version=version,
        title="试行目录",
        valid_from=date(2026, 1, 1),
        segments=[
            SegmentEntry(
                code=code, name=code, ipc_subclasses=ipcs, industry_codes=["397"] if code == "N1" else []
            )
            for code, ipcs in subclasses.items()
        ],
    )


def test_a_new_version_reclassifies_what_follows_from_ipc_and_industry_only(
    database: Database, import_text: Import
) -> None:
    import_text(
        "专利名称,申请号,IPC,产业细分领域\n"
        f"一种泵,{number(1)},F04D29/22,\n一种屏,{number(2)},G02F1/13,\n一种阀,{number(3)},F16K1/00,S1\n一种无,{number(4)},,\n"
    )
    import_text(
        "需求编号,需求名称,需求描述,行业\nN1,要屏,要明亮的屏,3974\nN2,要泵,要高效的泵,\n", "需求.csv", "needs"
    )
    with database.write() as session:
        patent_classes.add_inferred(session, {4: [ClassRef(scheme="segment", code="S2", basis="text")]})

    def found() -> dict[str, list[tuple[str, str]]]:
        with database.read() as session:
            rows = patents_shown.publics(
                session,
                patent_lists.page(session, ListQuery(), patent_lists.PatentFilter()).rows,
                today=beijing_today(),
            )
            wanted = [
                needs.public(row, None, beijing_today()) for row in needs.page(session, ListQuery()).rows
            ]
            named = [(row.title, row.classes) for row in rows] + [(row.title, row.classes) for row in wanted]
            return {t: [(c.code, c.basis) for c in classes if c.scheme == "segment"] for t, classes in named}

    before = found()
    assert before == {
        "一种泵": [("S2", "ipc")], "一种屏": [("S1", "ipc"), ("S2", "ipc")], "一种阀": [("S1", "official")],
        "一种无": [("S2", "text")], "要屏": [("S1", "industry")], "要泵": [],
    }  # fmt: skip
    report = adopt(database, catalogue("V-2", N1=["G02F"], N2=["F16K"]))
    assert (report.version, report.patents, report.patents_changed, report.needs_changed) == ("V-2", 4, 2, 1)
    assert (report.stated, report.from_text, report.unknown) == (1, 1, 2)
    assert found() == before | {"一种泵": [], "一种屏": [("N1", "ipc")], "要屏": [("N1", "industry")]}
    assert adopt(database, catalogue("V-2", N1=["G02F"], N2=["F16K"])).patents_changed == 0
    assert switch(database, "T-1").version == "T-1"
    assert found() == before
    with database.read() as session:
        assert segments.catalogue(session).version == "T-1"
    with pytest.raises(NotFound):
        switch(database, "V-9")


def test_versions_are_compared_by_code() -> None:
    old, new = catalogue("V-1", A=["G02F"], B=["F04D"]), catalogue("V-2", B=["F04D", "F16K"], C=[])
    found = segment_versions.diff(old, new)
    assert (found.added, found.removed) == (["C C"], ["A A"])
    (change,) = found.changed
    assert (change.code, change.field, change.old, change.new) == ("B", "IPC 小类", "F04D", "F04D F16K")
    assert found.changes_classes
    assert not segment_versions.diff(old, old).changes_classes


def write_meanwhile(database: Database) -> None:
    with database.write() as session:
        enterprises.create(session, enterprises.EnterpriseCreate(name=f"示例{uuid4().hex}有限公司"))


def test_an_interrupted_reclassification_goes_on_and_locks_nobody_out(
    database: Database, import_text: Import
) -> None:
    lines = "".join(f"一种{p}号屏,{number(p)},G02F1/13\n" for p in range(1, 5))
    import_text(f"名称,申请号,IPC分类号\n{lines}")

    def stop(done: int, _total: int) -> None:
        write_meanwhile(database)
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adopt(database, catalogue("V-2", N1=["G02F"]), stop, block=1)
    with database.read() as session:
        assert segments.catalogue(session).reclassified_to == 2
    report = switch(database, "V-2", lambda _done, _total: write_meanwhile(database), block=1)
    assert (report.patents, report.patents_changed) == (2, 2)
    with database.read() as session:
        rows = patents_shown.publics(
            session,
            patent_lists.page(session, ListQuery(), patent_lists.PatentFilter()).rows,
            today=beijing_today(),
        )
        assert {c.code for row in rows for c in row.classes if c.scheme == "segment"} == {"N1"}
        assert segments.catalogue(session).reclassified_to is None


def test_two_reclassifications_do_not_mix(database: Database, import_text: Import) -> None:
    import_text(f"名称,申请号,IPC分类号\n一种屏,{number(1)},G02F1/13\n一种阀,{number(2)},F16K1/00\n")

    def other(done: int, _total: int) -> None:
        if done == 1:
            switch(database, "T-1", block=1)

    with pytest.raises(Conflict):
        adopt(database, catalogue("V-2", N1=["G02F"]), other, block=1)
    with database.read() as session:
        assert segments.catalogue(session).version == "T-1"
        assert segments.catalogue(session).reclassified_to is None
