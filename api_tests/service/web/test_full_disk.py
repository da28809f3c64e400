"""Uploads that the disk has no room for."""

from __future__ import annotations

import errno
import shutil
import tempfile

import httpx
import pytest

IMPORTS = "/api/v1/imports"


def upload(client: httpx.Client, size: int) -> httpx.Response:
    return client.post(
        IMPORTS, data={"kind": "patents", "dry_run": "true"}, files={"file": ("清单.csv", b"x" * size)}
    )


def assert_full(response: httpx.Response) -> None:
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["type"]) == (507, "/problems/disk-full")


def test_a_large_file_that_finds_no_room_while_it_arrives_is_told_so(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The framework puts it into a temporary file, here one that the kernel refuses to write to."""
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: open("/dev/full", "r+b", buffering=0))  # noqa: SIM115
    assert_full(upload(client, 3 * 1024 * 1024))


def test_a_file_that_finds_no_room_among_the_uploads_is_told_so(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    assert_full(upload(client, 100))


def test_every_upload_says_that_the_disk_may_be_full(client: httpx.Client) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    uploads = [
        operation
        for methods in paths.values()
        for operation in methods.values()
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    ]
    assert uploads
    assert all("507" in operation["responses"] for operation in uploads)
