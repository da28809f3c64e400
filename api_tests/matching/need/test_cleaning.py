"""Need cleaning: what goes, what stays, and that nothing is lost on the way."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kit.errors import InvalidInput
from matching.need.cleaning import clauses, clean, load

PHRASES = [
    "本公司成立于2011年，",
    "拥有发明专利八项，",
    "镀锌件盐雾试验96小时就起白锈，",
    "要求满足GB/T 10125，",
    "每吨成本不超过200元。",
    "诚邀高校长期合作！",
    "联系电话：027-12345678。",
    "请教",
    "用在户外支架上。",
    "\n",
    "耐120℃",
]


@given(st.lists(st.sampled_from(PHRASES), max_size=12).map("".join) | st.text(max_size=80))
def test_removed_spans_are_verbatim_and_with_the_rest_give_the_need(text: str) -> None:
    cleaned = clean(text)
    rest, position = [], 0
    for span in cleaned.removed:
        assert span.start >= position
        assert text[span.start : span.end] == span.text != ""
        rest.append(text[position : span.start])
        position = span.end
    assert "".join([*rest, text[position:]]) == cleaned.text
    assert bool(cleaned.text) == bool(text)


@given(st.text(max_size=80))
def test_clauses_cover_the_text(text: str) -> None:
    assert "".join(text[start:end] for start, end in clauses(text)) == text


def test_the_problem_stays_and_the_letter_around_it_goes() -> None:
    need = (
        "我公司成立于2011年，是省级专精特新企业，产品远销海外。镀锌件做GB/T 10125盐雾试验96小时就起白锈，"
        "希望做到240小时。请教用什么钝化液好，每公斤增加不超过0.5元。诚邀高校共建实验室，费用面议。电话13800000000"
    )
    cleaned = clean(need)
    assert cleaned.text == ("镀锌件做GB/T 10125盐雾试验96小时就起白锈，希望做到240小时。用什么钝化液好，")
    assert {span.reason for span in cleaned.removed} == {
        "企业介绍",
        "客气话",
        "预算费用",
        "合作愿望",
        "联系方式",
    }


def test_figures_outweigh_a_wish_in_the_same_clause() -> None:
    need = "希望合作开发耐120℃的密封圈材料，现有丁腈胶老化开裂。"
    assert clean(need).text == need


@pytest.mark.parametrize("need", ["诚邀高校长期合作！", "", "费用面议，欢迎来电话13800000000", "漏油"])
def test_a_need_is_never_emptied(need: str) -> None:
    assert clean(need).text == need


def test_an_operator_replaces_the_rules(tmp_path: Path) -> None:
    (tmp_path / "cleaning.toml").write_text(
        'keep = []\n[[rule]]\nreason = "自定"\npattern = "天气"\n', encoding="utf-8"
    )
    cleaned = clean("今天天气很好，油缸内孔拉伤以后怎样修复才耐用。", load(tmp_path))
    assert [(span.text, span.reason) for span in cleaned.removed] == [("今天天气很好，", "自定")]
    assert cleaned.rules.startswith("自定义-")


def test_a_broken_rule_is_named(tmp_path: Path) -> None:
    (tmp_path / "cleaning.toml").write_text(
        'keep = []\n[[rule]]\nreason = "自定"\npattern = "("\n', encoding="utf-8"
    )
    with pytest.raises(InvalidInput, match=r"cleaning.toml.*rule\.0\.pattern"):
        load(tmp_path)
