"""The search page in a real browser, on a desk and in a hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

NEED = "燃气泄漏检测仪零点漂移，希望不用标准气也能自动校准"

pytestmark = pytest.mark.browser


@pytest.fixture(params=[1280, 390], ids=["desk", "hand"])
def page(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The search page, of which nothing may fail to load and no script may complain."""
    opened = browser.new_page(base_url=server, viewport={"width": request.param, "height": 900})
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("requestfailed", lambda failed: complaints.append(failed.url))
    opened.set_default_timeout(60_000)
    opened.goto("/")
    yield opened
    width = opened.evaluate("document.documentElement.scrollWidth")
    opened.close()
    # A download ends the navigation that began it, which counts as failed.
    assert not [complaint for complaint in complaints if "/export." not in complaint]
    assert width <= request.param


def test_a_visitor_finds_narrows_and_reads(page: Page) -> None:
    page.get_by_label("企业技术需求").fill(NEED)
    page.get_by_role("button", name="匹配专利").click()
    results = page.locator(".result")
    expect(results).to_have_count(10)
    expect(results.first.locator(".badge-demo")).to_have_text("演示数据")
    expect(results.first.locator("mark").first).to_be_visible()
    page.get_by_label("专利权人所在地区").fill("武汉市")
    page.get_by_label("专利类型").select_option("发明")
    page.get_by_label("只看当前有效").check()
    page.get_by_role("button", name="匹配专利").click()
    expect(page.locator(".conditions")).to_have_text("地区：武汉市，专利类型：发明，只看当前有效")
    expect(page.get_by_label("专利权人所在地区")).to_have_value("武汉市")
    for facts in results.locator(".facts").all_inner_texts():
        assert "武汉市" in facts
    claim = results.first.get_by_text("权利要求 1", exact=True).last
    expect(claim).not_to_be_visible()
    results.first.get_by_text("摘要与权利要求").click()
    expect(claim).to_be_visible()


def test_a_segment_of_the_overview_narrows_the_results(page: Page) -> None:
    page.get_by_role("link", name="动力电池包在冬天低温下充电太慢").click()
    segment = page.locator(".segments a").first
    code = segment.locator("i").inner_text()
    segment.click()
    expect(page.locator(".segments .current")).to_contain_text(code)
    # A result shows the finest of its segments, which may lie under the one of the overview.
    assert page.locator(".chips").count() > 0


def test_results_are_downloaded_as_shown(page: Page, tmp_path: Path) -> None:
    page.get_by_label("企业技术需求").fill(NEED)
    page.get_by_role("button", name="匹配专利").click()
    shown = [title.strip() for title in page.locator(".result h2").all_inner_texts()]
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel").click()
    download.value.save_as(tmp_path / "结果.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "结果.xlsx")["匹配结果"]
    assert [str(row[1]) for row in sheet.iter_rows(min_row=2, values_only=True)] == shown


def test_an_empty_form_is_not_sent(page: Page) -> None:
    page.get_by_role("button", name="匹配专利").click()
    expect(page.get_by_text("使用说明")).to_be_visible()
