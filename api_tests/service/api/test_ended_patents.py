"""Patents that have ended stay out unless they are asked for, and then say what they are."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from catalog.law.life import ENDED_TEXT
from service.cli.main import main
from service.installation.runtime import Runtime

TEXT = "铸件内部有气孔，想找能在线检测缺陷的办法"
Rows = list[dict[str, Any]]


def found(client: httpx.Client, **filters: Any) -> Rows:
    asked = {"text": TEXT, "top_k": 200, "fold": False, "filters": filters}
    answer = client.post("/api/v1/matches", json=asked)
    assert answer.status_code == 200, answer.text
    rows: Rows = answer.json()["items"]
    return rows


@pytest.fixture(scope="module")
def every(client: httpx.Client) -> Rows:
    """All patents that are indexed."""
    return found(client, include_ended=True)


def ids(rows: Rows, *standings: bool | None) -> set[int]:
    return {row["patent"]["id"] for row in rows if row["patent"]["in_force"] in standings}


def test_matches_hold_what_is_or_may_be_in_force(client: httpx.Client, every: Rows) -> None:
    ended = [row["patent"] for row in every if row["patent"]["in_force"] is False]
    assert len(ended) > 3
    assert ENDED_TEXT in {patent["in_force_name"] for patent in ended}
    assert (
        ids(found(client), True, None) == ids(every, True, None) == {r["patent"]["id"] for r in found(client)}
    )
    # A day that is asked for decides alone.
    assert ids(found(client, in_force_on="1990-01-01"), True, None, False) == set()
    ranks = [row["patent"]["id"] for row in every if row["patent"]["in_force"] is not False]
    assert [row["patent"]["id"] for row in found(client)] == ranks


def test_portfolios_and_needs_keep_to_it_too(client: httpx.Client, every: Rows) -> None:
    gone = ids(every, False)
    sets = client.post("/api/v1/matches/portfolios", json={"text": TEXT}).json()["patents"]
    assert not {row["patent"]["id"] for row in sets} & gone
    need = client.get("/api/v1/needs").json()["items"][0]["id"]
    listed = client.get(f"/api/v1/needs/{need}/matches", params={"top_k": 200}).json()["items"]
    assert not {row["patent"]["id"] for row in listed} & gone
    listed = client.get(f"/api/v1/needs/{need}/matches", params={"top_k": 200, "include_ended": True}).json()[
        "items"
    ]
    assert {row["patent"]["id"] for row in listed} & gone


def test_what_is_asked_of_an_ended_patent_says_that_it_has_ended(client: httpx.Client, every: Rows) -> None:
    ended = next(row["patent"] for row in every if row["patent"]["in_force_name"] == ENDED_TEXT)
    for path in ("needs", "licensees"):
        assert f"该专利{ENDED_TEXT}" in client.get(f"/api/v1/patents/{ended['id']}/{path}").json()["notices"]


def test_the_page_and_the_command_line_label_what_has_ended(
    installation: Runtime,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    every: Rows,
) -> None:
    asked = {"q": TEXT, "top_k": "200"}
    assert "已失效（" not in httpx.get(server, params=asked).text
    page = httpx.get(server, params=asked | {"include_ended": "1"}).text
    assert page.count(ENDED_TEXT) >= sum(row["patent"]["in_force_name"] == ENDED_TEXT for row in every) > 0
    monkeypatch.setattr("service.cli.commands.match.ready_runtime", lambda: installation)
    assert main(["match", TEXT, "--top", "200"]) == 0
    assert "已失效" not in capsys.readouterr().out
    assert main(["match", TEXT, "--top", "200", "--include-ended"]) == 0
    assert f"有效性：{ENDED_TEXT}" in capsys.readouterr().out
