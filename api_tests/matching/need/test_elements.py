"""The five elements: what a need states, what a patent covers, each quoted verbatim from one text."""

import json
from collections import defaultdict
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from catalog.kit.errors import InvalidInput
from index.text import sentences
from matching.need.cleaning import clean
from matching.need.completion import Found, NeedReading, annotate, combine, read_need
from matching.need.coverage import PatentCoverage, PatentSentences, PointCoverage
from matching.need.element_rules import Element, load
from matching.need.elements import ElementPhrase, missing, points, stated, with_answer

EVALUATION = Path(__file__).resolve().parents[3] / "evaluation"
NEED = (
    "我们做铸铁阀门，用在海水淡化车间。阀座密封面三个月就腐蚀漏水，希望寿命提高到两年以上。"
    "现在靠人工堆焊修补，诚邀高校长期合作。"
)
FLOORS = {
    Element.MATERIAL: 0.75,
    Element.METHOD: 0.55,
    Element.EFFECT: 0.7,
    Element.PRODUCT: 0.6,
    Element.APPLICATION: 0.7,
}
WORDS = ["铝合金", "焊接工艺", "散热太慢", "水泵", "用于车间", "，", "。", "材料：铜\n", "\n", "提高30%"]


def test_a_need_states_its_elements() -> None:
    found = {(phrase.element.value, phrase.text) for phrase in stated(NEED, clean(NEED).removed)}
    assert found >= {
        ("product", "铸铁阀门"),
        ("application", "海水淡化车间"),
        ("effect", "阀座密封面三个月就腐蚀漏水"),
        ("effect", "寿命提高到两年以上"),
        ("method", "人工堆焊修补"),
    }
    assert not any("合作" in text for _, text in found)


@pytest.mark.parametrize(
    ("text", "materials"),
    [
        ("零下二十度也能快速充电而不析锂", []),
        ("负极析锂，镀锌后起泡", []),
        ("2mm铝板焊接变形大", ["铝板"]),
        ("用5 kg铜粉和10μm铜箔", ["铜粉", "铜箔"]),
        ("厚度0.5mm的铝合金，3吨钢水", ["铝合金"]),
        ("12V锂电池，150m³炼铁炉", []),
        ("碳酸锂和磷酸铁锂", ["碳酸锂", "磷酸铁锂"]),
    ],
)
def test_a_unit_or_a_verb_before_a_metal_is_no_material(text: str, materials: list[str]) -> None:
    assert [phrase.text for phrase in stated(text, wanted=[Element.MATERIAL])] == materials


@given(st.lists(st.sampled_from(WORDS), max_size=10).map("".join) | st.text(max_size=60))
def test_phrases_are_verbatim_and_points_repeat_nothing(text: str) -> None:
    phrases = stated(text, clean(text).removed)
    assert all(text[phrase.start : phrase.end] == phrase.text for phrase in phrases)
    kept = points(phrases)
    assert missing(kept) == missing(phrases)
    for element, most in load().most.items():
        texts = [point.text for point in kept if point.element == element]
        assert len(texts) <= most
        assert not any(one in other for n, one in enumerate(texts) for m, other in enumerate(texts) if n != m)


@given(st.sampled_from(list(Element)), st.text("钛合金 陶瓷a", min_size=1).filter(str.strip))
def test_an_answer_is_an_element_of_the_need(element: Element, answer: str) -> None:
    text = with_answer("油缸老是漏油。", element, answer)
    assert (element, " ".join(answer.split())) in [(p.element, p.text) for p in stated(text)]


def _overlap(one: ElementPhrase, other: ElementPhrase) -> bool:
    shared = min(one.end, other.end) - max(one.start, other.start)
    shorter = min(one.end - one.start, other.end - other.start)
    return shared * 2 >= shorter > 0 or one.text in other.text or other.text in one.text


def test_the_rules_agree_with_hand_labels() -> None:
    """Floors a little below the figures of docs/evaluation.md."""
    texts = {}
    for folder in (EVALUATION, EVALUATION / "real_language"):
        for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
            need = json.loads(line)
            texts[need["_id"]] = need["text"]
    counts: dict[Element, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in (EVALUATION / "elements.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        text = texts[record["_id"]]
        labels = [ElementPhrase(**label) for label in record["elements"]]
        assert all(text[label.start : label.end] == label.text for label in labels)
        phrases = stated(text, clean(text).removed)
        for element in Element:
            mine, its = ([p for p in every if p.element == element] for every in (phrases, labels))
            right = [sum(any(_overlap(p, q) for q in b) for p in a) for a, b in ((mine, its), (its, mine))]
            for n, value in enumerate((right[0], len(mine), right[1], len(its))):
                counts[element][n] += value
    shares = {element: (a / b, c / d) for element, (a, b, c, d) in counts.items()}
    for element, floor in FLOORS.items():
        assert min(shares[element]) >= floor, (element, shares[element])


def _encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors of hashed characters: alike texts have alike vectors."""
    vectors = np.full((len(texts), 64), 0.05, np.float32)
    for row, text in enumerate(texts):
        for character in text:
            vectors[row, blake2b(character.encode(), digest_size=1).digest()[0] % 64] += 1
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _idfs(words: Sequence[str]) -> NDArray[np.float64]:
    return np.ones(len(words))


def _patent(title: str, abstract: str) -> PatentSentences:
    fields = {"title": title, "abstract": abstract}
    known = PatentSentences.of(fields, np.zeros((0, 64), np.float32))
    assert known.parts == []
    texts = [sentence.text for text in fields.values() for sentence in sentences(text)]
    return PatentSentences.of(fields, _encode(texts))


def test_each_point_is_answered_by_a_sentence_of_that_patent() -> None:
    reading = read_need("水泵轴承磨损太快。冬天叶轮结冰。")
    texts = {
        1: ("一种水泵轴承", "本发明属于机械。水泵轴承磨损太快的问题由陶瓷衬套解决。"),
        2: ("一种除冰叶轮", "冬天叶轮结冰时通电加热。结构简单。"),
        3: ("一种茶叶包装", "印有图案。"),
    }
    vector = _encode([reading.searched])[0]
    covered = annotate(reading, vector, [_patent(*text) for text in texts.values()], _encode, _idfs)
    for (title, abstract), coverage in zip(texts.values(), covered, strict=True):
        assert [one.point for one in coverage.points] == reading.points
        assert coverage.covered == sum(one.covered for one in coverage.points)
        for one in coverage.points:
            assert {"title": title, "abstract": abstract}[one.field][one.start : one.end] == one.sentence
    worn = next(one for one in covered[0].points if "磨损" in one.point.text)
    assert worn.sentence == "水泵轴承磨损太快的问题由陶瓷衬套解决。"
    assert worn.score > max(one.score for one in covered[2].points)


def test_a_generic_head_is_covered_only_with_what_stands_before_it() -> None:
    text = "希望有不伤电池的充电办法。"
    reading = read_need(text)
    (method,) = [point for point in reading.points if point.element is Element.METHOD]
    assert method.text.endswith("充电办法")
    patents = [_patent("一种办法", "一种电池的加热办法。"), _patent("一种充电器", "低温下分段充电的办法。")]
    # Vectors that take any sentence for a perfect one: only the words decide.
    near = [PatentSentences(one.parts, np.ones((len(one.parts), 64), np.float32)) for one in patents]
    covered = annotate(reading, np.ones(64, np.float32), near, _encode, _idfs)
    told = [next(one for one in its.points if one.point == method) for its in covered]
    assert [one.covered for one in told] == [False, True]
    assert "充电" in told[1].sentence


def _covering(reading: NeedReading, covered: set[int]) -> PatentCoverage:
    found = [
        PointCoverage(
            point=point,
            element_name=point.element.label,
            covered=n in covered,
            score=float(n in covered),
            field="title",
            sentence="",
            start=0,
            end=0,
        )
        for n, point in enumerate(reading.points)
    ]
    return PatentCoverage(points=found, covered=len(covered), elements=[])


def test_portfolios_join_patents_that_each_answer_a_part() -> None:
    reading = read_need("水泵轴承磨损太快。冬天叶轮结冰。外壳漏水。")
    every = set(range(len(reading.points)))
    half = set(range(len(every) // 2 + 1))
    found = [Found(n, [str(n)], 1.0, None) for n in (1, 2, 3)]
    parts = [_covering(reading, covered) for covered in (half, every - half | {0}, {max(every)})]
    (joined,) = combine(reading, found, parts)
    assert (joined.patent_ids, joined.uncovered) == ([1, 2], [])
    unknown = annotate(reading, _encode(["x"])[0], [PatentSentences([], _encode([]))] * 3, _encode, _idfs)
    assert combine(reading, found, unknown) == []


def test_rules_without_a_question_are_refused(tmp_path: Path) -> None:
    shipped = (Path(__file__).resolve().parents[3] / "matching" / "need" / "elements.toml").read_text("utf-8")
    cut = "\n".join(line for line in shipped.splitlines() if not line.startswith('effect = "'))
    (tmp_path / "elements.toml").write_text(cut, "utf-8")
    with pytest.raises(InvalidInput, match="五个要素各要有一个问题"):
        load(tmp_path)
