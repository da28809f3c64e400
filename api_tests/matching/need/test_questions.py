"""Questions: asked only on what is missing, only where the answer changes the first places, and never more than two."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from matching.need.elements import missing, stated
from matching.need.questions import MOST_ANSWERS, NearPatent, questions

NEED = "水泵用于矿井，老是漏水，噪声太大。"
PATENTS = [
    NearPatent(1, ["一种陶瓷密封水泵", "采用激光熔覆，泵壳为球墨铸铁。"]),
    NearPatent(2, ["一种铝合金水泵", "壳体经阳极氧化后喷涂。"]),
    NearPatent(3, ["一种不锈钢水泵", "壳体经激光熔覆。"]),
]


def _unmoved(texts: Sequence[str]) -> list[list[int]]:
    return [[1, 2, 3] for _ in texts]


def _moved_by_material(texts: Sequence[str]) -> list[list[int]]:
    return [[7, 8, 9] if "材料：" in text else [1, 2, 4] for text in texts]


def test_the_missing_element_that_changes_most_is_asked_first() -> None:
    asked = questions(NEED, stated(NEED), PATENTS, _moved_by_material)
    assert [(one.element_name, one.expected_change) for one in asked] == [("材料", 1.0), ("方法", 0.3333)]
    assert "激光熔覆" in asked[1].answers
    assert {"铝合金", "不锈钢"} <= set(asked[0].answers)


def test_nothing_is_asked_where_answers_change_nothing() -> None:
    assert questions(NEED, stated(NEED), PATENTS, _unmoved) == []


def test_nothing_is_ranked_where_nothing_is_missing() -> None:
    need = f"{NEED}\n材料：陶瓷\n方法：喷涂"

    def refuse(texts: Sequence[str]) -> list[list[int]]:
        raise AssertionError(texts)

    assert questions(need, stated(need), PATENTS, refuse) == []


@given(st.text(max_size=40), st.lists(st.text("陶瓷铝合金水泵用于车间提高，。一种", max_size=30), max_size=8))
def test_questions_are_few_and_bounded(need: str, texts: list[str]) -> None:
    calls = []

    def rank(trials: Sequence[str]) -> list[list[int]]:
        calls.append(len(trials))
        return [[-1] for _ in trials]

    near = [NearPatent(n, [text]) for n, text in enumerate(texts)]
    asked = questions(need, stated(need), near, rank)
    assert len(asked) <= 2
    assert sum(calls) <= 20
    assert {one.element for one in asked} <= set(missing(stated(need)))
    for one in asked:
        assert 2 <= len(set(one.answers)) == len(one.answers) <= MOST_ANSWERS
        assert not any(answer in need for answer in one.answers)
