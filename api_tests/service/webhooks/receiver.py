"""A receiver of events on this machine that answers as it is told to, and keeps what arrives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Reply = tuple[int, dict[str, str]]


@dataclass
class Arrived:
    """A request that arrived, and the answer that it was given."""

    id: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def event(self) -> dict[str, Any]:
        """The payload."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    def is_signed_by(self, secret: str) -> bool:
        """Whether one of the signatures is right, as the guide tells a receiver to check it."""
        signed = b".".join([self.id.encode(), self.headers["webhook-timestamp"].encode(), self.body])
        key = base64.b64decode(secret.removeprefix("whsec_"))
        right = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        return any(hmac.compare_digest(right, one) for one in self.headers["webhook-signature"].split(" "))


@dataclass
class Receiver:
    """What arrived at `url` so far; `answer` decides the status and headers of each."""

    url: str = ""
    answer: Callable[[str], Reply] = lambda _: (204, {})
    arrived: list[Arrived] = field(default_factory=list)

    @property
    def taken(self) -> list[Arrived]:
        """What was answered with success."""
        return [one for one in self.arrived if one.status < 300]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port of the loopback address."""
    receiver, lock = Receiver(), Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with lock:
                event_id = self.headers["webhook-id"]
                status, headers = receiver.answer(event_id)
                sent = {name.lower(): value for name, value in self.headers.items()}
                receiver.arrived.append(Arrived(event_id, sent, body, status))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()
