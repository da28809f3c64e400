"""A need that says nothing is answered with what to fill in: by text, refined, stored, on the page, on the command line."""

from __future__ import annotations

import httpx
import pytest

from catalog.reference.content import has_content
from service.cli.main import main
from service.installation.runtime import Runtime

EMPTY = (
    "a",
    "Ａ",
    "1",
    "12 345",
    "。。。",
    "？！",
    "啊啊啊",
    "aaaa",
    "的了吗",
    "我们需要一个技术",
    "请问有没有专利",
    "详见附件",
    "水",
)


@pytest.mark.parametrize("text", EMPTY)
def test_texts_without_content(text: str) -> None:
    assert not has_content(text)


@pytest.mark.parametrize(
    "text", ["切削液", "测试机", "AGV", "LED 灯", "充电太慢", "pH", "5G基站", "求购除锈剂"]
)
def test_texts_with_content(text: str) -> None:
    assert has_content(text)


def test_a_long_text_of_common_words_takes_no_time() -> None:
    assert has_content("技术问题" * 5000 + "铝合金")
    assert not has_content("技术问题" * 5000)


@pytest.mark.parametrize("text", EMPTY)
def test_nothing_is_suitable_for_them(client: httpx.Client, text: str) -> None:
    for path, more in (("matches", {"elements": True}), ("matches/refine", {"suitable": [1]})):
        answer = client.post(f"/api/v1/{path}", json={"text": text, **more})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["suitable"], found["items"]) == (False, [])
        assert found["notices"][-1].startswith("请填写技术需求")
    for path in ("questions", "portfolios"):
        assert client.post(f"/api/v1/matches/{path}", json={"text": text}).status_code == 200


def test_a_stored_need_page_and_command_line_say_so(
    client: httpx.Client,
    server: str,
    installation: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    saved = client.post("/api/v1/needs", json={"title": "1", "text": "2"}).json()
    found = client.get(f"/api/v1/needs/{saved['id']}/matches").json()
    assert (found["suitable"], found["items"]) == (False, [])
    assert "请填写技术需求" in found["notices"][-1]
    page = httpx.get(server, params={"q": "a"})
    assert page.status_code == 200
    assert "请填写技术需求" in page.text
    monkeypatch.setattr("service.cli.commands.match.ready_runtime", lambda: installation)
    assert main(["match", "1"]) == 0
    shown = capsys.readouterr().out
    assert "请填写技术需求" in shown
    assert "没有符合条件" not in shown
