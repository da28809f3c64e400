"""Exclusions of a need, phrases that are none, and which patents have it all the same."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kit.days import beijing_today
from index.engine import Filters
from matching.answers.filters import Wanted
from matching.need.completion import read_need
from matching.need.coverage import PatentCoverage, PointCoverage, without
from matching.need.exclusions import broken, exclusions
from service.installation.runtime import Runtime

EVALUATION = Path(__file__).resolve().parents[3] / "evaluation"


def terms(text: str) -> list[str]:
    return [one.term for one in exclusions(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("需要不含氟的防水剂", ["氟"]),
        ("不含氟、氯和溴的阻燃剂", ["氟", "氯", "溴"]),
        ("不含铅汞等重金属", ["汞", "铅"]),
        ("铝合金无铬转化膜", ["铬"]),
        ("无氰电镀，无卤阻燃，零甲醛", ["氰", "卤", "甲醛"]),
        ("要求不添加任何含磷物质", ["磷"]),
        ("不得使用增塑剂，禁用石棉", ["增塑剂", "石棉"]),
        ("避免使用有机溶剂", ["有机溶剂"]),
        ("替代六价铬的镀层", ["六价铬"]),
        ("寻找六价铬的替代工艺", ["六价铬"]),
        ("砷锑客户禁用", ["砷", "锑"]),
        ("用水性漆代替油漆", ["油漆"]),
        ("免酸洗，避免打磨，省去磷化工序", ["酸洗", "打磨", "磷化"]),
        ("不用标准气就能校准", ["标准气"]),
    ],
)
def test_what_a_need_excludes(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "无人机巡检", "无线充电", "无损检测设备", "不锈钢抛光", "无机涂料", "无纺布验布", "不饱和聚酯", "无缝钢管", "无刷电机",
        "无锡市的企业",
        "无水乙醇", "无烟煤", "无菌包装", "免疫检测", "避雷针", "非甲烷总烃", "不间断电源", "不干胶", "不倒翁", "无法解决", "有无铅污染",
        "避免开裂", "避免焊接变形", "避免铬污染", "难免", "国产替代进口设备", "替代人工", "代替手工操作", "不含税价", "不要求", "不用说",
        "不得大于5mm", "不要超过1.5元", "不低于98%", "不含3%以上杂质", "不得有裂纹", "不要冲太高", "防腐剂要少加", "去磷效果差", "脱硫除尘",
    ],
)  # fmt: skip
def test_what_excludes_nothing(text: str) -> None:
    assert terms(text) == []


@given(st.text("不含无免氟铬、的，替代用机人线避", max_size=30) | st.text(max_size=40))
def test_exclusions_are_verbatim_and_each_named_once(text: str) -> None:
    found = exclusions(text)
    assert all(text[one.start : one.end] == one.text for one in found)
    assert len({one.term for one in found}) == len(found)


@pytest.mark.parametrize(
    ("need", "abstract", "breaks"),
    [
        ("不含氟", "一种含氟聚合物防水剂。", True),
        ("不含氟", "由聚四氟乙烯和溶剂组成。", True),
        ("不含氟", "一种无氟防水剂，不含氟碳链。", False),
        ("不含氟", "传统含氟防水剂污染环境。本品为硅基防水剂。", False),
        ("不含磷", "一种除磷剂，用于去除水中的磷。", False),
        ("不含磷", "洗涤剂含三聚磷酸钠。", True),
        ("无铬", "用于含铬废水的处理。", False),
        ("无铬", "封孔后以铬酸盐溶液钝化。", True),
        ("无铅", "一种铅笔芯。", False),
        ("免酸洗", "工件经酸洗后水洗。", True),
        ("免酸洗", "无需酸洗即可涂装。", False),
        ("替代六价铬", "以三价铬代替六价铬。", False),
    ],
)
def test_what_a_patent_has_of_it(need: str, abstract: str, breaks: bool) -> None:
    found = broken(exclusions(need), {"title": "一种产品", "abstract": abstract, "first_claim": ""})
    assert bool(found) == breaks
    for one in found:
        assert {"abstract": abstract}[one.field][one.start : one.end] == one.sentence
        assert one.text == f"要求{one.exclusion.text}，该专利含{one.exclusion.term}"


def test_no_answer_of_the_labelled_needs_breaks_an_exclusion() -> None:
    lines = {
        name: (EVALUATION / f"{name}.jsonl").read_text("utf-8").splitlines() for name in ("corpus", "queries")
    }
    documents = {its["_id"]: its for its in map(json.loads, lines["corpus"])}
    needs = {its["_id"]: its["text"] for its in map(json.loads, lines["queries"])}
    graded = [line.split("\t") for line in (EVALUATION / "qrels.tsv").read_text("utf-8").splitlines()[1:]]
    held = [
        (query, document)
        for query, document, grade in graded
        if grade == "2" and exclusions(needs[query])
        if broken(
            exclusions(needs[query]),
            {"title": documents[document]["title"], "abstract": documents[document]["text"]},
        )
    ]
    assert held == []


def test_a_broken_exclusion_is_not_covered() -> None:
    text = "求一种不含氟的防水剂，耐洗二十次。"
    reading = read_need(text)
    points = [
        PointCoverage(
            point=point, element_name="", covered=True, score=0.99, field="title", sentence="", start=0, end=0
        )
        for point in reading.points
    ]
    whole = PatentCoverage(points=points, covered=len(points), elements=[])
    told = without(whole, exclusions(text))
    assert 0 < told.covered < len(points)
    for one in told.points:
        assert one.covered == ("氟" not in one.point.text)


def test_rows_tell_it_both_ways(installation: Runtime) -> None:
    matcher = installation.matcher
    text = "抗菌敷料，要求不含银"
    rows = matcher.patents_for_text(text, Wanted(50, Filters(), beijing_today())).items
    plain = matcher.patents_for_text("抗菌敷料", Wanted(50, Filters(), beijing_today())).items
    assert any(row.exclusions_broken for row in rows)
    assert not any(row.exclusions_broken for row in plain)
    for row in rows:
        for one in row.exclusions_broken:
            assert "银" in getattr(row.patent, one.field)[one.start : one.end]
            assert one.text == "要求不含银，该专利含银"
