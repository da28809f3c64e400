"""Breaks inside a sentence are taken out, breaks that the writer made stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.ingestion.invented import Import, number
from ingestion.values.text import unwrapped

SENTENCES = [
    "本发明公开了一种电子产品示例管理系统，包括主服务器、副服务器、验证单元、控制单元和闸门。",
    "主服务器储存会员信息和票务信息；副服务器设于各个车站，与主服务器同步数据存储。",
    "所述的海水盐度试验平台包括试验箱、母液罐和回收槽，母液罐通过输入管路将海水输送至试验箱内。",
]
ENGLISH = "The utility model discloses a plate heat exchanger, comprising a shell and a bundle of tubes."
KEPT = [
    "一种示例天线，包括如下步骤：\n1）把小区划分为N等份；\n2）用一个窄波束扫描；\n3）汇总结果。",
    "（1）水泵降噪\n（2）叶轮加工\n（3）轴承润滑",
    "一、建设目标\n二、技术指标\n三、经费预算",
    "1. 水泵降噪，低于60分贝\n2. 叶轮加工，精度高",
    "S1、取料，\nS2、粉碎，\nS3、成型。",
    "步骤一：取料，\n步骤二：粉碎。",
    "- 水泵降噪\n- 叶轮加工",
    "①水泵降噪\n②叶轮加工",
    "水泵降噪\n叶轮加工\n轴承润滑",
    "水泵降噪，低于60分贝\n叶轮加工，精度高\n轴承润滑，寿命长",
    "技术背景\n目前行业内普遍存在能耗高的问题，需要降低。\n技术指标\n单位产品的能耗低于5kW·h，噪声低于60分贝。",
    "第一段到此为止。\n第二段由此开始，\n\n第三段",
    "1.一种装置，其特征在于：包括机架。\n2.根据权利要求1所述的装置，其特征在于：设有电机。",
]
JOINED = [
    (
        "一种装置，包括底座\n（1）和支架（2），底座上设有\n电机。",
        "一种装置，包括底座（1）和支架（2），底座上设有电机。",
    ),
    ("该\n试验装置，由平台组成。", "该试验装置，由平台组成。"),
    ("温度为3\n00℃，压力为\n1.5MPa。", "温度为300℃，压力为1.5MPa。"),
    ("包括机架，\r\n以及  \r\n  电机。", "包括机架，以及电机。"),
    ("采用LED\nlamp照明，亮度高。", "采用LED lamp照明，亮度高。"),
    ("参见附图\n1、图2，所述的装置设有\n电机。", "参见附图1、图2，所述的装置设有电机。"),
]


def wrapped(text: str, width: int) -> str:
    """The text as an export breaks it, wherever the width is full."""
    return "\n".join(text[start : start + width] for start in range(0, len(text), width))


@pytest.mark.parametrize("text", KEPT)
def test_breaks_of_the_writer_stay(text: str) -> None:
    assert unwrapped(text) == text


@pytest.mark.parametrize(("text", "expected"), JOINED)
def test_breaks_inside_a_sentence_go(text: str, expected: str) -> None:
    assert unwrapped(text) == expected


@given(st.sampled_from(SENTENCES), st.integers(8, 60))
def test_a_chinese_sentence_wrapped_at_any_width_is_whole_again(sentence: str, width: int) -> None:
    # A break behind a semicolon may be one of the writer's.
    assert unwrapped(wrapped(sentence, width)).replace("；\n", "；") == sentence


@given(st.integers(20, 80))
def test_an_english_sentence_wrapped_at_any_width_is_whole_again(width: int) -> None:
    lines: list[str] = []
    line = ""
    for word in ENGLISH.split():
        if line and len(line) + len(word) >= width:
            lines, line = [*lines, line], word
        else:
            line = f"{line} {word}".strip()
    assert unwrapped("\n".join([*lines, line])) == ENGLISH


@given(st.text(st.sampled_from("一种装置，。；：\n\r 1.（）S-a")))
def test_nothing_but_breaks_and_the_blanks_around_them_changes(text: str) -> None:
    def bare(words: str) -> str:
        return "".join(words.split())

    found = unwrapped(text)
    assert bare(found) == bare(text)
    assert unwrapped(found).count("\n") <= found.count("\n")


def test_abstracts_are_stored_whole_and_lists_with_their_items(import_text: Import) -> None:
    report = import_text(
        f'申请号,专利名称,摘要\n{number(1)},一种示例水泵,"{wrapped(SENTENCES[0], 20)}"\n'
        f'{number(2)},一种示例天线,"{KEPT[0]}"\n'
    )
    assert [shown["摘要"] for shown in report.preview] == [SENTENCES[0], KEPT[0]]
