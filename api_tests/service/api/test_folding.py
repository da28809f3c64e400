"""Near-duplicates folded and matches re-ranked, as callers see them: REST, page, exports, command line, self-check."""

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

from api_tests.index.model import tiny_cross_encoder
from api_tests.index.small_catalogue import HashEncoder, make_catalogue, patent
from catalog.kit.terms import PatentKind
from catalog.licences import edits as licence_edits
from catalog.licences.licences import LicenceCreate
from catalog.registers import patents as patent_upserts
from index.engine import Filters
from index.generations.build import reindex
from matching.ranking.factors import FactorOptions
from matching.retrieval.relevance import MICRO
from service.cli.commands import match as cli_match
from service.installation.doctor import examine
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
        patent_upserts.upsert(session, [twin])
        licence_edits.create(session, licence)
    reindex(database, data, HashEncoder())
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
    assert "另有 1 件近似的归在其下" in page
    assert member["application_number"] in page
    assert "unfolded=1" in page
    assert "逐件列出，没有归并" in caller.get("/", params={"q": NEED, "top_k": 20, "unfolded": 1}).text
    lines = list(csv.reader(io.StringIO(caller.get("/export.csv", params={"q": NEED, "top_k": 20}).text)))
    column = [name for name, _ in COLUMNS].index("同族或近似专利")
    cells = [line[column] for line in lines[1:13]]
    assert [member["application_number"] in cell and "同日申请" in cell for cell in cells].count(True) == 1
    cli_match._print(runtime.matcher.patents_for_text(NEED, 12, Filters()))
    assert f"同族或近似：{member['application_number']}" in capsys.readouterr().out


@pytest.fixture(scope="module")
def reranking(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    model = tiny_cross_encoder.write(tmp_path_factory.mktemp("models") / "tiny-reranker")
    settings = Settings(data=folder, reranker=str(model), rerank_top=5, rerank_ms=60_000)
    runtime = Runtime(settings, HashEncoder())  # type: ignore[arg-type]
    yield runtime
    runtime.close()


def test_the_parts_of_a_re_ranked_match_add_up(reranking: Runtime, runtime: Runtime) -> None:
    filters = Filters()
    plain = runtime.matcher.patents_for_text(NEED, 12, filters, fold=False)
    answer = reranking.matcher.patents_for_text(NEED, 12, filters, fold=False)
    assert answer.rerank is not None
    assert (answer.rerank.model, answer.rerank.read, answer.rerank.wanted) == ("tiny-reranker", 5, 5)
    assert not answer.rerank.budget_ended
    for item in answer.items:
        parts = [item.relevance, *(factor.amount for factor in item.factors), item.rerank or 0]
        assert sum(round(part * MICRO) for part in parts) == round(item.score * MICRO)
    read = [item for item in answer.items if item.rerank is not None]
    assert read == answer.items[:5]
    assert len({item.rerank for item in read}) > 1
    assert {item.patent.id for item in read} == {item.patent.id for item in plain.items[:5]}
    assert [i.patent.id for i in answer.items[5:]] == [i.patent.id for i in plain.items[5:]]
    again = reranking.matcher.patents_for_text(NEED, 12, filters, fold=False)
    assert [(i.patent.id, i.score) for i in again.items] == [(i.patent.id, i.score) for i in answer.items]
    assert plain.rerank is None


def test_order_by_relevance_alone_is_never_re_ranked(reranking: Runtime, runtime: Runtime) -> None:
    alone = FactorOptions(count=False)
    one, other = (
        r.matcher.patents_for_text(NEED, 12, Filters(), options=alone) for r in (reranking, runtime)
    )
    assert one.rerank is None
    assert [item.score for item in one.items] == [item.score for item in other.items]


def test_the_self_check_tells_of_the_cross_encoder(
    reranking: Runtime, runtime: Runtime, tmp_path: Path
) -> None:
    def finding(its: Runtime) -> Any:
        return next(found for found in examine(its) if found.name == "重排模型")

    assert finding(runtime).message == "未设置（PATENTDOCK_RERANKER），不重排"
    assert "tiny-reranker 可用：读一对文本约" in finding(reranking).message
    broken = finding(Runtime(Settings(data=tmp_path, reranker=str(tmp_path)), HashEncoder()))  # type: ignore[arg-type]
    assert not broken.ok
    assert "不是交叉编码器" in broken.message
    assert "PATENTDOCK_RERANKER" in broken.hint
