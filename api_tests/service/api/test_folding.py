"""Near-duplicates folded, as callers see them: REST, page, exports, command line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.index.small_catalogue import HashEncoder, make_catalogue, patent
from catalog.kit.days import beijing_today
from catalog.kit.terms import PatentKind
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.registers import patents as patent_register
from index.engine import Filters
from index.generations.build import reindex
from matching.answers.filters import Wanted
from service.cli.commands import match as cli_match
from service.installation.runtime import Runtime
from service.installation.settings import Settings
from service.sheets.matches import COLUMNS

NEED = "求第1种锂电池的隔膜陶瓷涂覆技术"
TWIN = "202021990001.0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve patents; to the first belongs a utility model of the same day and text, which is openly licensed."""
    data = tmp_path_factory.mktemp("folding")
    database = make_catalogue(data, 12)
    twin = patent(1).model_copy(
        update={"application_number": TWIN, "kind": PatentKind.UTILITY_MODEL, "classes": []}
    )
    licence = LicenceCreate.model_validate(
        {
            "application_number": TWIN,
            "payment_form": "free",
            "starts_on": date(2026, 1, 1),
            "ends_on": date(2029, 1, 1),
            "status": "published",
            "published_on": date(2026, 1, 1),
        }
    )
    with database.write() as session:
        patent_register.upsert(session, [twin])
        licence_edits.create(session, licence, today=beijing_today())
    reindex(database, data, HashEncoder(), today=beijing_today())
    database.dispose()
    return data


@pytest.fixture(scope="module")
def runtime(folder: Path) -> Iterator[Runtime]:
    runtime = Runtime(Settings(data=folder), HashEncoder())  # type: ignore[arg-type]
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def caller(
    runtime: Runtime, calling: Callable[[Runtime], AbstractContextManager[httpx.Client]]
) -> Iterator[httpx.Client]:
    with calling(runtime) as client:
        yield client


def match(client: httpx.Client, **body: Any) -> dict[str, Any]:
    response = client.post("/api/v1/matches", json={"text": NEED} | body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_the_list_is_full_and_what_is_folded_stands_under_the_best(caller: httpx.Client) -> None:
    everything = match(caller, top_k=20, fold=False)["items"]
    assert len(everything) == 13
    assert not any(item["family"] for item in everything)
    folded = match(caller, top_k=12)["items"]
    assert [item["rank"] for item in folded] == list(range(1, 13))
    (leader,) = [item for item in folded if item["family"]]
    (other,) = leader["family"]
    pair = [item for item in everything if item["patent"]["title"] == "第1种锂电池"]
    assert [item["patent"]["id"] for item in pair] == [leader["patent"]["id"], other["id"]]
    assert other["score"] == pair[1]["score"] <= leader["score"]
    assert (other["reason"], other["reason_name"]) == (
        "invention_and_utility_model",
        "同日申请的发明与实用新型",
    )
    assert other["eligibility_name"]
    shown = {item["patent"]["id"] for item in folded} | {other["id"]}
    assert shown == {item["patent"]["id"] for item in everything}


def test_a_better_licence_below_is_said(caller: httpx.Client) -> None:
    # By relevance alone both have one score, and the older record leads.
    (leader,) = [item for item in match(caller, top_k=12, factors=False)["items"] if item["family"]]
    (member,) = leader["family"]
    assert (leader["licence"], member["application_number"]) == (None, TWIN)
    assert member["note"] == "有开放许可（已公告），首件没有"


def test_a_stored_need_is_answered_folded_too(caller: httpx.Client) -> None:
    need = caller.get("/api/v1/needs").json()["items"][0]["id"]
    counts = [
        len(caller.get(f"/api/v1/needs/{need}/matches", params={"top_k": 20, "fold": fold}).json()["items"])
        for fold in (True, False)
    ]
    assert counts == [12, 13]


def test_page_exports_and_command_line_name_what_is_folded(
    caller: httpx.Client, runtime: Runtime, capsys: pytest.CaptureFixture[str]
) -> None:
    member = next(item["family"][0] for item in match(caller, top_k=12)["items"] if item["family"])
    page = caller.get("/", params={"q": NEED, "top_k": 20}).text
    assert "同族或近似专利 1 件" in page
    assert "另有 1 件近似专利已合并显示" in page
    assert member["application_number"] in page
    assert "unfolded=1" in page
    assert "近似专利已逐件显示" in caller.get("/", params={"q": NEED, "top_k": 20, "unfolded": 1}).text
    lines = list(csv.reader(io.StringIO(caller.get("/export.csv", params={"q": NEED, "top_k": 20}).text)))
    column = [name for name, _ in COLUMNS].index("同族或近似专利")
    cells = [line[column] for line in lines[1:13]]
    assert [member["application_number"] in cell and "同日申请" in cell for cell in cells].count(True) == 1
    cli_match._print(runtime.matcher.patents_for_text(NEED, Wanted(12, Filters(), beijing_today())))
    assert f"同族或近似：{member['application_number']}" in capsys.readouterr().out
