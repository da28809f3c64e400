"""What the guide tells receivers of events: the check of signatures as printed, and every type of event."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.kit.base import now
from catalog.webhooks.edits import new_secret
from catalog.webhooks.events import EVENT_TYPES
from service.webhooks import signing

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "api-imports.md").read_text("utf-8")


@pytest.fixture(scope="module")
def is_genuine() -> Any:
    (printed,) = re.findall(r"```python\n(.*?def is_genuine.*?)```", GUIDE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(printed, names)  # noqa: S102 - our own text
    return names["is_genuine"]


def test_the_printed_check_accepts_what_is_sent_and_nothing_else(is_genuine: Any) -> None:
    old, new, body = new_secret(), new_secret(), '{"名称": 1}'.encode()
    sent = signing.headers("evt_1", now(), body, [new, old])
    assert all(is_genuine(secret, sent, body) for secret in (old, new))
    assert not is_genuine(new_secret(), sent, body)
    assert not is_genuine(new, sent, body + b" ")
    assert not is_genuine(new, sent | {"webhook-id": "evt_2"}, body)
    late = signing.headers("evt_1", now() - timedelta(minutes=6), body, [new])
    assert not is_genuine(new, late, body)


def test_every_type_of_event_is_in_the_guide() -> None:
    lines = [f"| `{e.name}` | {e.title} | {'、'.join(f'`{name}`' for name in e.data)} |" for e in EVENT_TYPES]
    assert [line for line in lines if line not in GUIDE] == []
