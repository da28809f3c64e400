"""Texts for users are written in the words of an office: pages, command line, messages, rule files, sheets and guides."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("catalog", "assessment", "ingestion", "index", "matching", "service")
GUIDES = (
    *sorted((ROOT / "docs" / "user-guide").glob("*.md")),
    *(
        ROOT / "docs" / name
        for name in (
            "api.md",
            "api-reference.md",
            "api-imports.md",
            "api-changes.md",
            "cli.md",
            "data-dictionary.md",
            "operations.md",
        )
    ),
    ROOT / "README.zh-CN.md",
)
LONGEST = 45
"""Chinese characters of a sentence of a guide; on a page 40."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_END = re.compile(r"[。；：！？]")
NOT_SO = {
    r"金额[^。；]{0,8}(得分|分值|因素|相关度)|(得分|分值|因素|相关度)[^。；]{0,8}金额": "分值：金额是钱",
    r"请?写下|点一下|收到|帮我|找几件|多找|平常的话": "请填写、选择、推荐、通俗语言",
    r"没有这[个条件]|什么[也都]|打不开|查不到|是不是": "未找到、不作、无法打开",
    r"抬高|略微靠|归在其下|归并": "加分项、减分项、合并显示",
    r"编入|原子切换|名次融合|无变化|投递文件|哨兵|跟进目录|段间": "纳入、统一启用、综合排序、未变更、待导入文件夹、抽检",
    r"依据未核对|张冠李戴|唤醒|许可就绪|细分领域一致": "条款引用待核实、列错位、转化价值、加分项",
    r"匹配把握|把握都": "匹配程度",
}
MENDED = {
    "各因素的金额": "相关度 ＋ 六项因素的金额", "写": "请写下要解决的技术问题", "地区": "没有这个地区",
    "因素": "对接因素：抬高 许可就绪", "命令行": "完成后原子切换", "依据": "依据未核对", "匹配": "匹配把握 高",
}  # fmt: skip


@cache
def texts() -> dict[str, list[str]]:
    """All texts that users read, by the file they stand in."""
    found: dict[str, list[str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix == ".py":
                found[str(path.relative_to(ROOT))] = list(_literals(ast.parse(path.read_text("utf-8"))))
            elif path.suffix in (".html", ".js") or path.parts[-2:] == ("refdata", "deal_rules.csv"):
                found[str(path.relative_to(ROOT))] = [path.read_text("utf-8")]
    rules = [*ROOT.glob("*/*/*rules.toml"), ROOT / "assessment" / "eligibility" / "eligibility.toml"]
    for path in (*GUIDES, *rules, *sorted((ROOT / "matching" / "ranking").glob("*.toml"))):
        found[str(path.relative_to(ROOT))] = [path.read_text("utf-8")]
    return found


def _literals(tree: ast.AST) -> Iterator[str]:
    """Texts of the code, those of formatted ones in one piece; docstrings only where they are Chinese (help, REST)."""
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield from [node.value] if len(_CHINESE.findall(node.value)) * 3 > len(node.value) else []


def wrong(text: str) -> list[str]:
    return [
        f"{found.group()}：{better}" for bad, better in NOT_SO.items() for found in re.finditer(bad, text)
    ]


@pytest.mark.parametrize("text", MENDED.values(), ids=MENDED)
def test_the_words_of_the_review_would_be_found(text: str) -> None:
    assert wrong(text)


def test_texts_are_in_the_words_of_an_office() -> None:
    said = {
        file: found
        for file, parts in texts().items()
        if (found := [w for part in parts for w in wrong(part)])
    }
    assert len(texts()) > 250
    assert said == {}


def sentences(text: str) -> Iterator[str]:
    """The sentences of a guide: what stands between full stops, colons and semicolons, list items and cells."""
    bare = re.sub(r"`[^`]*`", "", re.sub(r"```.*?```", "\n\n", text, flags=re.DOTALL))
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-|#>]|\d+\. ))", bare):
        for cell in block.split("|") if block.lstrip().startswith("|") else [block]:
            yield from _END.split(re.sub(r"\n\s*", "", cell))


@pytest.mark.parametrize(
    "guide", [g for g in GUIDES if "dictionary" not in g.name], ids=lambda path: path.name
)
def test_sentences_of_guides_are_short(guide: Path) -> None:
    long = [
        one.strip() for one in sentences(guide.read_text("utf-8")) if len(_CHINESE.findall(one)) > LONGEST
    ]
    assert long == []


def test_sentences_of_pages_are_short() -> None:
    pages = (ROOT / "service" / "console" / "templates").glob("*.html")
    for page in pages:
        shown = re.sub(r"{[%{#].*?[%}#]}|<[^>]*>", "\n", page.read_text("utf-8"), flags=re.DOTALL)
        assert [one for one in re.split(r"[\n。；：]", shown) if len(_CHINESE.findall(one)) > 40] == []
