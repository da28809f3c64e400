"""A client of PatentDock (专利供需对接服务): pushes patents and needs, asks for matches, and follows changes.

export PATENTDOCK_URL=http://127.0.0.1:8000 PATENTDOCK_KEY=pd_1_…
python examples/client.py patents.json needs.json changes.cursor

It needs httpx and nothing else; copy it and change what you need.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

BULK, BATCH, TRIES = 1000, 50, 6


class RefusedRequest(Exception):
    """An answer that is an error; `problem` holds its members (RFC 9457), whose `type` ends in a code that never changes."""

    def __init__(self, response: httpx.Response) -> None:
        is_json = "json" in response.headers.get("Content-Type", "")
        self.problem: dict[str, Any] = response.json() if is_json else {"detail": response.text}
        self.code = str(self.problem.get("type", "")).rpartition("/")[2]
        self.status = response.status_code
        super().__init__(f"{self.status} {self.code}: {self.problem.get('detail')}")


class PatentDock:
    """The service at an address, called with a key. Every call below may be repeated without harm, and is where it has to."""

    def __init__(
        self, http: httpx.Client, key: str, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._http, self._pause = http, pause
        self._headers = {"Authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer; waits and tries again while the service is busy or not reached. Raises RefusedRequest, TransportError."""
        headers = self._headers | more.pop("headers", {})
        for attempt in range(1, TRIES + 1):
            wait = 2.0**attempt
            try:
                response = self._http.request(method, f"/api/v1{path}", headers=headers, **more)
            except httpx.TransportError:
                if attempt == TRIES:
                    raise
            else:
                if response.is_success:
                    return response
                if response.status_code not in (429, 503) or attempt == TRIES:
                    raise RefusedRequest(response)
                wait = float(response.headers.get("Retry-After", wait))
            self._pause(wait)
        raise AssertionError("the last attempt answers or raises")

    def push(self, kind: str, records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Stores records of a kind ("patents", "needs", "enterprises"); answers the report on each, in order."""
        for start in range(0, len(records), BULK):
            body = {"records": records[start : start + BULK], "mode": "upsert"}
            yield from self.call("POST", f"/{kind}/bulk", json=body).json()["items"]

    def create(self, kind: str, record: dict[str, Any]) -> dict[str, Any]:
        """Stores one new record; however often the request is sent, it is made once."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        made: dict[str, Any] = self.call("POST", f"/{kind}", json=record, headers=headers).json()
        return made

    def edit(self, path: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Changes a record by what `change` makes of it as it is; where others changed it meanwhile, reads it again."""
        while True:
            present = self.call("GET", path)
            headers = {"If-Match": present.headers["ETag"], "Content-Type": "application/merge-patch+json"}
            body = json.dumps(change(present.json()))
            try:
                saved: dict[str, Any] = self.call("PATCH", path, content=body, headers=headers).json()
            except RefusedRequest as refused:
                if refused.code != "precondition-failed":
                    raise
            else:
                return saved

    def match(self, queries: list[dict[str, Any]], **defaults: Any) -> Iterator[dict[str, Any]]:
        """Answers named queries, in order: each with its `matches`, or with the `problem` that it has."""
        for start in range(0, len(queries), BATCH):
            body = {"queries": queries[start : start + BATCH], "defaults": defaults}
            yield from self.call("POST", "/matches/batch", json=body).json()["items"]

    def changes(self, cursor: Path, *kinds: str) -> Iterator[dict[str, Any]]:
        """Changes since the cursor that is kept in a file; it moves on when those of a page have been dealt with."""
        more = True
        while more:
            wanted: dict[str, Any] = {"kind": list(kinds), "size": 1000}
            if cursor.exists():
                wanted["after"] = cursor.read_text("utf-8")
            page = self.call("GET", "/changes", params=wanted).json()
            yield from page["items"]
            cursor.write_text(page["next"], "utf-8")
            more = page["more"]


def main(patents: str, needs: str, cursor: str) -> None:
    """Pushes two files, matches the needs of the second, and prints changes since the last run."""
    with httpx.Client(base_url=os.environ["PATENTDOCK_URL"], timeout=120) as http:
        dock = PatentDock(http, os.environ["PATENTDOCK_KEY"])
        for kind, file in (("patents", patents), ("needs", needs)):
            records = json.loads(Path(file).read_text("utf-8"))["records"]
            reports = list(dock.push(kind, records))
            for one in reports:
                if one["problem"]:
                    print(kind, one["index"], one["status"], one["problem"]["detail"])
        # The last reports are those of the needs.
        queries = [{"name": str(one["id"]), "need_id": one["id"]} for one in reports if one["id"]]
        for answer in dock.match(queries, top_k=3):
            for found in answer.get("matches", {"items": []})["items"]:
                print("match", answer["name"], found["patent"]["application_number"], found["score"])
        for change in dock.changes(Path(cursor), "patents", "needs"):
            print("change", change["kind"], change["record_id"], change["operation"])


if __name__ == "__main__":
    main(*sys.argv[1:])
