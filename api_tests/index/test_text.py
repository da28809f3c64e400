from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import MAX_SENTENCE, fold, sentences, tokens

texts = st.text(
    st.one_of(st.sampled_from("电池锂離子，。；\n .,/?!0a１Ａ（）TiO₂"), st.characters(codec="utf-8")),
    max_size=400,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("锂电池", ["锂电", "电池"]),
        ("钢", ["钢"]),
        ("按H01M10/0525分类", ["按", "h01m10/0525", "分类"]),
        ("316L，0.5mm", ["316l", "0.5mm"]),
        ("TiO₂ 涂层", ["tio2", "涂层"]),
        ("ＰＬＡ／ＰＢＡＴ", ["pla", "pbat"]),
        ("电。池", ["电", "池"]),
        ("鋰電池", ["锂电", "电池"]),
        ("30km/h", ["30km", "h"]),
        ("……——（）", []),
        ("", []),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@given(texts)
def test_folding_twice_changes_nothing_for_tokens(text: str) -> None:
    assert tokens(fold(text)) == tokens(text)


@given(texts)
def test_sentences_are_verbatim_in_order_and_lose_no_word(text: str) -> None:
    found = sentences(text)
    assert all(text[s.start : s.end] == s.text and 0 < len(s.text) <= MAX_SENTENCE for s in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    kept = {position for s in found for position in range(s.start, s.end)}
    assert all(at in kept for at, character in enumerate(text) if character.isalnum())


def test_sentences_end_at_full_stops_not_inside_numbers() -> None:
    text = "1. 一种0.5mm钢板，其特征在于：厚度均匀。热处理；\n冷却 It works. Yes"
    assert [s.text for s in sentences(text)] == [
        "1. 一种0.5mm钢板，其特征在于：厚度均匀。",
        "热处理；",
        "冷却 It works.",
        "Yes",
    ]


def test_a_long_sentence_is_cut_after_commas() -> None:
    pieces = sentences("甲" * 100 + "，" + "乙" * 100 + "，" + "丙" * 130 + "。")
    assert [len(piece.text) for piece in pieces] == [101, 101, 120, 11]
