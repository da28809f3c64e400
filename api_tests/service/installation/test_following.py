"""A running service finds what was committed a moment ago, and no longer what is gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from api_tests.index.small_catalogue import HashEncoder, make_catalogue
from catalog.kit.days import beijing_today
from index.generations.build import reindex
from index.model.encoder import Encoder
from service.installation.runtime import Runtime
from service.installation.settings import Settings


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[Runtime]:
    data = tmp_path_factory.mktemp("following")
    make_catalogue(data).dispose()
    settings = Settings(data=data, model=str(model_dir), follow_seconds=0.05)
    runtime = Runtime(settings, cast(Encoder, HashEncoder()))
    reindex(runtime.database, data, HashEncoder(), today=beijing_today())
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def client(
    runtime: Runtime, calling: Callable[[Runtime], AbstractContextManager[httpx.Client]]
) -> Iterator[httpx.Client]:
    with calling(runtime) as caller:
        yield caller


def becomes(true: Callable[[], bool]) -> bool:
    """Whether it becomes true within a minute."""
    until = time.monotonic() + 60
    while not true():
        if time.monotonic() > until:
            return False
    return True


def put(client: httpx.Client, method: str, path: str, **body: Any) -> int:
    response = client.request(method, f"/api/v1/{path}", json=body)
    assert response.status_code in (200, 201), response.text
    record: dict[str, Any] = response.json()
    return int(record["id"])


def matched_patents(client: httpx.Client, **filters: Any) -> list[int]:
    answer = client.post(
        "/api/v1/matches", json={"text": "石墨烯散热膜", "top_k": 200, "filters": filters}
    ).json()
    return [item["patent"]["id"] for item in answer["items"]]


def matched_needs(client: httpx.Client, patent_id: int) -> list[int]:
    answer = client.get(f"/api/v1/patents/{patent_id}/needs", params={"top_k": 200}).json()
    return [item["need"]["id"] for item in answer["items"]]


def shares_words(client: httpx.Client, patent_id: int) -> bool:
    answer = client.post("/api/v1/matches", json={"text": "石墨烯散热膜", "top_k": 200}).json()
    return any(item["scores"]["bm25"] > 0 for item in answer["items"] if item["patent"]["id"] == patent_id)


def test_a_need_is_found_when_it_is_posted_and_gone_when_it_is_closed(client: httpx.Client) -> None:
    need = {"title": "求石墨烯散热膜", "text": "石墨烯散热膜容易起泡"}
    need_id = put(client, "POST", "needs", **need)
    assert becomes(lambda: need_id in matched_needs(client, 1))
    put(client, "PUT", f"needs/{need_id}", **need, status="closed")
    assert need_id not in matched_needs(client, 1)  # at once


def test_a_patent_is_found_by_its_text_of_now_and_its_licence(client: httpx.Client) -> None:
    data = {
        "application_number": "201310699744.2",
        "title": "一种石墨烯散热膜",
        "abstract": "石墨烯散热膜不起泡。",
        "filing_date": "2013-12-18",
        "grant_date": "2016-01-06",
    }
    patent_id = put(client, "POST", "patents", **data)
    assert becomes(lambda: patent_id in matched_patents(client))
    assert shares_words(client, patent_id)
    assert patent_id not in matched_patents(client, open_licence=True)
    licence = {
        "application_number": data["application_number"],
        "payment_form": "free",
        "status": "published",
    }
    put(client, "POST", "licences", **licence, declared_on="2020-01-01")
    assert becomes(lambda: matched_patents(client, open_licence=True) == [patent_id])
    put(
        client, "PUT", f"patents/{patent_id}", **{**data, "title": "一种离心泵", "abstract": "离心泵的叶轮。"}
    )
    assert becomes(lambda: not shares_words(client, patent_id))
    assert patent_id in matched_patents(client)


def test_a_kept_generation_is_asked_as_it_was_built(client: httpx.Client, runtime: Runtime) -> None:
    name = runtime.store.current_name()
    answer = client.post("/api/v1/matches", json={"text": "锂电池", "top_k": 200, "generation": name}).json()
    assert [item["patent"]["id"] for item in answer["items"] if item["patent"]["id"] > 3] == []


def test_readiness_tells_how_far_this_has_come(client: httpx.Client) -> None:
    def changes() -> dict[str, Any]:
        answer: dict[str, Any] = client.get("/readyz").json()
        state: dict[str, Any] = answer["changes"]
        return state

    assert becomes(lambda: changes()["recent"] > 0 and changes()["as_of"] is not None)
    assert (changes()["left"], changes()["error"]) == (0, "")
