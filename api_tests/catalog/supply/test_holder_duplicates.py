"""The holders that are offered as the same, and what a merge does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.ingestion.invented import Import, counts, number
from catalog.db import Database
from catalog.kit.days import beijing_today
from catalog.kit.errors import Conflict, InvalidInput, NotFound
from catalog.kit.paging import ListQuery
from catalog.kit.terms import HolderKind
from catalog.supply import holder_merges, holders, patent_lists, patents_shown
from catalog.supply.holder_duplicates import find, one_edit
from catalog.supply.holder_merges import Spelling
from catalog.supply.patent_lists import PatentFilter
from ingestion.values.names import kind_of


def offered(*names: str) -> list[str]:
    known = [Spelling(n, name, kind_of(name)[0], 10 // n**3) for n, name in enumerate(names, 1)]
    return [candidate.reason for candidate in find(known)]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("示例（武汉）科技有限公司", "示例武汉科技有限公司"), "标点或括号"),
        (("示例泵业有限公司", "示例泵业有限责任公司"), "有限责任公司"),
        (("示例泵业有限公司", "示例泵业股份有限公司"), "改制"),
        (("武汉轻工大学", "武汉工业学院"), "“武汉工业学院”现为“武汉轻工大学”"),
        (("武汉理工大学", "武汉理工大学（余家头校区）"), "带校区"),
        (("武汉示例华星光电有限公司", "武汉示例华兴光电有限公司"), "只差一个字：星／兴"),
        (("武汉示例光电研究院", "武汉示例光电子研究院"), "只多一个字：子"),
        (("武汉示例光电研究院", "武汉示例电光研究院"), "次序不同"),
    ],
)
def test_spellings_of_one_holder_are_offered_with_the_reason(names: tuple[str, str], reason: str) -> None:
    (found,) = offered(*names)
    assert reason in found


@pytest.mark.parametrize(
    "names",
    [
        ("湖北工业大学", "湖南工业大学"),
        ("中国地质大学（武汉）", "中国地质大学（北京）"),
        ("中国示例集团第一研究所", "中国示例集团第二研究所"),
        ("湖北示例光电有限公司", "湖南示例光电有限公司"),
        ("欧阳示例甲", "欧阳示例乙"),
        ("武汉示例科技有限公司", "襄阳示例科技有限公司"),
    ],
)
def test_different_holders_are_not_offered(names: tuple[str, str]) -> None:
    assert offered(*names) == []


TEXT = st.text("武汉示例泵阀", max_size=6)


@given(TEXT, TEXT)
def test_one_edit_is_symmetric_and_never_nothing(one: str, other: str) -> None:
    assert (one_edit(one, other) is None) == (one_edit(other, one) is None)
    assert one_edit(one, one) is None


@given(TEXT, st.integers(0, 5), st.sampled_from("武汉示例泵阀"))
def test_every_insertion_is_found(name: str, place: int, character: str) -> None:
    assert one_edit(name, name[:place] + character + name[place:])


REGISTER = (
    "专利名称,申请号,申请人\n"
    f"一种泵,{number(1)},示例大学\n一种阀,{number(2)},示例 大 学（东区）;示例大学\n一种屏,{number(3)},示例大学(东区)\n"
)


def held(database: Database) -> dict[str, list[str]]:
    with database.read() as session:
        rows = patent_lists.page(session, ListQuery(), PatentFilter()).rows
        return {row.title: row.holders for row in patents_shown.publics(session, rows, today=beijing_today())}


def test_a_merge_moves_patents_and_later_imports_and_can_be_taken_back(
    database: Database, import_text: Import
) -> None:
    import_text(REGISTER)
    before = held(database)
    with database.write() as session:
        ids = {row.name: row.id or 0 for row in holders.page(session, ListQuery()).rows}
        kept = ids.pop("示例大学")
        (merged,) = holder_merges.merge(session, kept, list(ids.values()), actor="测试", reason="同一单位")
    assert held(database) == {title: ["示例大学"] for title in before}
    assert counts(import_text(REGISTER)) == (0, 0, 3, 0)
    import_text(f"专利名称,申请号,申请人\n一种灯,{number(4)},示例大学(东区)\n")
    assert held(database)["一种灯"] == ["示例大学"]
    with database.read() as session:
        (shown,) = holders.publics(session, holders.page(session, ListQuery(), name="东区").rows)
        assert (shown.name, shown.patents, len(shown.spellings)) == ("示例大学", 4, 1)
        assert patent_lists.page(session, ListQuery(), PatentFilter(holder="东区")).total == 4
    with database.write() as session:
        result = holder_merges.take_back(session, merged.id or 0)
    assert (result.restored, result.left) == (2, 0)
    assert held(database) == before | {"一种灯": ["示例大学"]}
    with database.write() as session, pytest.raises(Conflict, match="已经撤回"):
        holder_merges.take_back(session, merged.id or 0)


def test_merges_of_merges_are_taken_back_in_any_order(database: Database, import_text: Import) -> None:
    import_text(
        "专利名称,申请号,申请人\n" + "".join(f"一种{n},{number(n)},示例{n}研究院\n" for n in (1, 2, 3))
    )
    before = held(database)
    for order in ((0, 1), (1, 0)):
        with database.write() as session:
            merges = [holder_merges.merge(session, 2, [1])[0], holder_merges.merge(session, 3, [2])[0]]
        assert set(map(tuple, held(database).values())) == {("示例3研究院",)}
        with database.write() as session:
            for place in order:
                holder_merges.take_back(session, merges[place].id or 0)
        assert held(database) == before


def test_what_cannot_be_merged(database: Database, import_text: Import) -> None:
    import_text(f"专利名称,申请号,申请人\n一种泵,{number(1)},示例大学;示例研究所\n")
    with database.write() as session:
        with pytest.raises(InvalidInput, match="自己"):
            holder_merges.merge(session, 1, [1])
        with pytest.raises(InvalidInput, match="没有指出"):
            holder_merges.merge(session, 1, [])
        with pytest.raises(NotFound):
            holder_merges.merge(session, 1, [9])
        holder_merges.merge(session, 1, [2])
        with pytest.raises(Conflict, match="“示例研究所”已并入“示例大学”"):
            holder_merges.merge(session, 2, [1])


def test_persons_are_offered_by_spelling_only() -> None:
    known = [Spelling(n, f"约翰{mark}示例", HolderKind.PERSON, 1) for n, mark in enumerate("·•")]
    assert [c.reason for c in find(known)] == ["名称相同，只是标点或括号写法不同"]
