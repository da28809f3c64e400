"""Lists over REST: the conditions that matches have, orders, counts, cursors."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from assessment.eligibility import gate
from catalog.kit.days import beijing_today
from catalog.supply import patents
from service.installation.runtime import Runtime

MAIN = ("patents", "needs", "enterprises", "licences", "deals", "facts", "holders")


def listed(client: httpx.Client, name: str, **params: Any) -> dict[str, Any]:
    response = client.get(f"/api/v1/{name}", params=params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def every(client: httpx.Client, name: str, **params: Any) -> list[dict[str, Any]]:
    """All items of a list, by cursor."""
    items, cursor = list[dict[str, Any]](), "*"
    while cursor:
        page = listed(client, name, cursor=cursor, size=7, **params)
        assert (page["total"], page["page"]) == (None, None)
        items += page["items"]
        cursor = page["next"]
    return items


@pytest.mark.parametrize("name", MAIN)
def test_a_main_list_is_the_same_by_number_and_by_cursor_in_every_order(
    client: httpx.Client, name: str
) -> None:
    document = client.get("/api/v1/openapi.json").json()
    parameters = {one["name"]: one for one in document["paths"][f"/api/v1/{name}"]["get"]["parameters"]}
    sorts = parameters["sort"]["schema"]["anyOf"][0]["enum"]
    assert {"id", "-id", "created_at", "-updated_at"} <= set(sorts)
    for sort in sorts:
        whole = listed(client, name, size=200, sort=sort)["items"]
        assert [row["id"] for row in every(client, name, sort=sort)] == [row["id"] for row in whole]
    facets = parameters["facets"]["schema"]["items"]["enum"]
    counted = listed(client, name, size=1, facets=",".join(facets))
    assert counted["facets"].keys() == set(facets)
    for found in counted["facets"].values():
        assert all(0 < one["count"] <= counted["total"] and one["name"] for one in found)
    for wrong in ({"sort": "colour"}, {"facets": "colour"}):
        response = client.get(f"/api/v1/{name}", params=wrong)
        assert (response.status_code, response.json()["hint"][:3]) == (422, "可用的")


@pytest.mark.parametrize("name", MAIN)
def test_a_list_is_restricted_to_what_was_changed_since(client: httpx.Client, name: str) -> None:
    whole = listed(client, name, size=200, sort="-updated_at")
    newest = [row["id"] for row in listed(client, name, updated_since="2020-01-01", size=200)["items"]]
    assert sorted(newest) == sorted(row["id"] for row in whole["items"])
    assert listed(client, name, created_since="2099-01-01T00:00:00+08:00")["total"] == 0
    response = client.get(f"/api/v1/{name}", params={"updated_since": "2026-01-31T08:00:00"})
    assert response.status_code == 422
    assert "带时区的时刻" in response.json()["detail"]


def test_patents_are_listed_by_what_they_are_on_a_day(client: httpx.Client, installation: Runtime) -> None:
    today = beijing_today()
    whole = {row["id"]: row for row in every(client, "patents")}
    with installation.database.read() as session:
        lives = {id_: patents.life_of(patents.get(session, id_), today) for id_ in whole}
        verdicts = gate.of_patents(session, list(whole), today)
    licensed = {
        row["patent_id"] for row in every(client, "licences") if row["status"] in ("published", "changed")
    }
    for params, expected in (
        ({"in_force_on": str(today)}, {id_ for id_, life in lives.items() if life.in_force}),
        ({"include_ended": False}, {id_ for id_, life in lives.items() if life.in_force is not False}),
        ({"open_licence": True}, licensed),
        ({"open_licence": False}, whole.keys() - licensed),
        ({"eligibility": "不得开放许可"}, {i for i, v in verdicts.items() if v.verdict == "blocked"}),
        (
            {"eligibility": ["eligible", "unknown"], "open_licence": True},
            {i for i, v in verdicts.items() if v.verdict != "blocked"} & licensed,
        ),
    ):
        assert {row["id"] for row in every(client, "patents", **params)} == expected, params
        assert expected != set(whole)
        assert listed(client, "patents", **params)["total"] == len(expected)


def test_needs_and_firms_are_listed_by_segment_and_more(client: httpx.Client) -> None:
    counts = listed(client, "needs", facets="segment,status")["facets"]
    for one in counts["segment"]:
        assert listed(client, "needs", segment=one["code"])["total"] == one["count"]
    for one in counts["status"]:
        assert listed(client, "needs", status=one["name"])["total"] == one["count"]
    firms = listed(client, "enterprises", facets="title", segment=counts["segment"][0]["code"])
    assert 0 < firms["total"] < listed(client, "enterprises")["total"]
    title = firms["facets"]["title"][0]
    assert listed(client, "enterprises", title=title["name"])["total"] >= title["count"]
