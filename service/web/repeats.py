"""Requests that may be repeated: one that makes a record, sent again under its Idempotency-Key, makes no second one."""

from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response
from pydantic import BaseModel

from catalog.accounts import repeats
from catalog.accounts.repeats import MAX_KEY, Repeatable, RepeatableRequest
from service.web.dependencies import Writing
from service.web.versions import PublicT, Tagging

REPLAYED = "Idempotency-Replayed"


class Replayed(Exception):
    """The request was answered before."""

    def __init__(self, first: RepeatableRequest) -> None:
        super().__init__(first.key)
        self.status, self.body, self.headers = first.status or 200, first.body, dict(first.headers)


async def _body(request: Request) -> bytes:
    return await request.body()


class Making:
    """Answers a request that makes a record, and keeps the answer with the record where the caller may repeat it."""

    def __init__(
        self,
        request: Request,
        response: Response,
        session: Writing,
        body: Annotated[bytes, Depends(_body)],
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=MAX_KEY,
                description="由调用方生成的唯一值；24 小时内以同一值、同一内容再次提交，返回首次的应答，不重复登记",
            ),
        ] = None,
    ) -> None:
        self._tagging, self._request = Tagging(response), None
        if idempotency_key is None:
            return
        digest = sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest()
        wanted = Repeatable(request.state.caller, idempotency_key, digest)
        self._request, is_repeated = repeats.begin(session, wanted)
        if is_repeated:
            raise Replayed(self._request)

    _request: RepeatableRequest | None

    def at(self, path: str, row: Any, shown: PublicT, model: type[BaseModel] | None = None) -> PublicT:
        """The answer with the address and the tag of the record that was made."""
        answer, headers = self._tagging.at(path, row, shown, model), self._tagging.response.headers
        if self._request is not None:
            kept = {name: headers[name] for name in ("ETag", "Location")}
            repeats.answered(self._request, 201, kept, answer.model_dump_json())
        return answer


Made = Annotated[Making, Depends()]


def _again(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Replayed)  # noqa: S101 - by registration
    headers = error.headers | {REPLAYED: "true"}
    return Response(error.body, error.status, headers, "application/json")


def install(app: FastAPI) -> None:
    """Lets `app` answer a repeated request as it was answered first."""
    app.add_exception_handler(Replayed, _again)
