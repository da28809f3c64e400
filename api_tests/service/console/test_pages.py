"""The search page and its exports: the same results as REST, safely shown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from catalog.kit.days import beijing_today
from index.engine import Filters
from matching.answers.filters import Wanted
from service.console.highlight import highlight
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.installation.setup import initialise
from service.sheets.matches import COLUMNS, to_csv, to_xlsx

NEED = "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准"


def page(server: str, **params: Any) -> httpx.Response:
    return httpx.get(f"{server}/", params=params, timeout=120)


def text_of(response: httpx.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", "", response.text))


def test_the_form_works_without_a_key(server: str) -> None:
    response = page(server)
    assert response.status_code == 200
    assert "企业技术需求" in response.text
    assert 'value="HB01"' in response.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', response.text)


def test_the_page_shows_what_rest_answers(server: str, client: httpx.Client) -> None:
    shown = page(server, q=NEED, top_k=5, region="湖北省")
    answer = client.post(
        "/api/v1/matches", json={"text": NEED, "top_k": 5, "filters": {"region": "420000"}}
    ).json()
    text = text_of(shown)
    places = [text.index(item["patent"]["application_number"]) for item in answer["items"]]
    assert places == sorted(places)
    assert len(re.findall('class="result"', shown.text)) == 5
    for expected in ("演示数据", "推断（IPC）", "HB-2021.1", answer["generation"], answer["model"]):
        assert expected in text
    assert "<mark>" in shown.text
    for item in answer["items"]:
        if item["licence"]:
            assert item["licence"]["terms"] in text


def test_what_a_visitor_types_is_never_markup(server: str) -> None:
    response = page(server, q="<script>alert(1)</script>\"'", region="<img src=x>")
    assert "<script" not in response.text
    assert "<img src=x>" not in response.text
    assert "<script>alert(1)</script>" in unescape(response.text)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"q": "长" * 2001}, "共 2001 字，检索页最多 2000 字"),
        ({"q": "  "}, "请填写技术需求"),
        ({"q": "锂\x00"}, "空字符"),
        ({"q": "锂", "top_k": "0"}, "显示条数：应为 1 至 200 的整数"),
        ({"q": "锂", "top_k": "九"}, "显示条数：应为 1 至 200 的整数"),
        ({"q": "锂", "segment": "HB99"}, "产业细分领域：未找到产业领域“HB99”"),
        ({"q": "锂", "ipc": "X"}, "IPC 分类号：IPC 前缀"),
    ],
)
def test_what_cannot_be_searched_is_said_on_the_page(
    server: str, params: dict[str, str], message: str
) -> None:
    for path in ("/", "/export.xlsx"):
        response = httpx.get(f"{server}{path}", params=params)
        assert response.status_code == 422
        assert response.headers["content-type"].startswith("text/html")
        assert message in text_of(response)


def test_no_results_says_which_conditions_to_loosen(server: str) -> None:
    response = page(server, q=NEED, region="西藏", kind="design", open_licence="1")
    assert response.status_code == 200
    assert "没有符合条件的专利" in response.text
    assert "地区：西藏，专利类型：外观设计，只看开放许可" in text_of(response)


def test_a_page_without_index_says_what_to_do(
    tmp_path: Path, installation: Runtime, serving: Callable[[Runtime], str]
) -> None:
    runtime = Runtime(Settings(data=tmp_path), installation.encoder)
    initialise(runtime.database)
    server = serving(runtime)
    assert page(server).status_code == 200
    response = page(server, q=NEED)
    assert response.status_code == 503
    assert "patentdock reindex" in response.text


def test_exports_hold_the_rows_of_the_page(server: str) -> None:
    params = {"q": NEED, "top_k": "3", "in_force": "1"}
    book = httpx.get(f"{server}/export.xlsx", params=params)
    assert "filename*=UTF-8''" in book.headers["content-disposition"]
    sheets = openpyxl.load_workbook(io.BytesIO(book.content))
    rows = [[cell or "" for cell in row] for row in sheets["匹配结果"].iter_rows(values_only=True)]
    assert rows[0] == [name for name, _ in COLUMNS]
    assert len(rows) == 4
    about = dict(sheets["说明"].iter_rows(values_only=True))
    assert (about["需求文本"], about["筛选条件"]) == (NEED, "只看当前有效")
    answer = httpx.get(f"{server}/export.csv", params=params)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[:4] == rows
    numbers = [row[2] for row in rows[1:]]
    assert all(number in page(server, **params).text for number in numbers)


def test_a_row_says_which_factors_moved_it_unless_none_may(server: str) -> None:
    counted = page(server, q=NEED, need_region="武汉市").text
    assert "同在武汉市" in counted
    assert "加分项：" in counted
    plain = page(server, q=NEED, need_region="武汉市", by_relevance="1").text
    assert "按相关度排序" in plain
    assert "加分项：" not in plain
    assert (
        "未找到地区“荆洲市”，请填写省、市（州）名称或代码，如“荆门市”“荆州市”"
        in page(server, q=NEED, need_region="荆洲市").text
    )


def test_cells_never_become_formulas(installation: Runtime) -> None:
    response = installation.matcher.patents_for_text(NEED, Wanted(1, Filters(), beijing_today()))
    item = response.items[0]
    evil = item.model_copy(update={"patent": item.patent.model_copy(update={"title": "=1+1"})})
    response = response.model_copy(update={"items": [evil]})
    about = [("需求文本", "@SUM(A1)")]
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(response, about)))
    cell = book["匹配结果"]["B2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    lines = list(csv.reader(io.StringIO(to_csv(response, about).decode("utf-8-sig"))))
    assert lines[1][1] == "'=1+1"
    assert lines[-1] == ["需求文本", "'@SUM(A1)"]


@pytest.mark.parametrize(
    ("sentence", "query", "shared"),
    [
        ("一种锂电池低温加热方法", "锂电池的低温性能", ["锂电池低温"]),
        ("采用ＴｉＯ2涂层", "tio2 涂层", ["ＴｉＯ2涂层"]),
        ("繁體鋰電池", "锂电池", ["鋰電池"]),
        ("温度0.5℃以内", "0.5", ["0.5"]),
        ("km/h 与 Akm", "km", ["km"]),
        ("本发明公开了一种方法", "一种方法", []),
        ("㎡单位", "单位", ["单位"]),
    ],
)
def test_shared_words_are_marked_whatever_their_form(sentence: str, query: str, shared: list[str]) -> None:
    pieces = highlight(sentence, query)
    assert "".join(piece.text for piece in pieces) == sentence
    assert [piece.text for piece in pieces if piece.shared] == shared


def test_the_description_of_the_interface_needs_no_foreign_network(server: str) -> None:
    response = httpx.get(f"{server}/docs", timeout=60)
    assert response.status_code == 200
    assert not re.search(r'(?:src|href)="(?:https?:)?//|<script', response.text)
    shown = text_of(response)
    document = httpx.get(f"{server}/api/v1/openapi.json", timeout=60).json()
    for path, methods in document["paths"].items():
        assert path in shown
        for operation in methods.values():
            assert operation["summary"] in shown
    assert "动力电池在低温下充电慢" in shown


def test_points_questions_and_portfolios_stand_on_the_page(server: str) -> None:
    response = page(server, q=NEED, ask="1", combine="1")
    assert response.status_code == 200
    for shown in ("需求要点", "需求要点对应情况：", 'id="questions"', 'id="portfolios"', "开放许可资格"):
        assert shown in response.text
