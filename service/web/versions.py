"""Versions (版本) of single records: ETag with every answer, If-None-Match on reading, If-Match before writing.

The tag of a record names its id and the time of its last change in microseconds; after a full stop follows a digest of the
record as shown, which also covers what is worked out by the day or taken from other records. Reading compares the whole tag
(RFC 9110, 13.1.2), writing the part before the full stop: only a change of the record itself stands against another.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple, TypeVar

from fastapi import Body, Depends, FastAPI, Header, Request, Response, status
from pydantic import BaseModel

from catalog.db import Session
from catalog.kit.ids import MAX_ID
from service.web.dependencies import RuntimeDep, Writing
from service.web.errors import Outdated, Unconditional, responses

PublicT = TypeVar("PublicT", bound=BaseModel)
RowT = TypeVar("RowT")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ANY = "*"
INTERFACE = "/api/v1"
RELOAD = "请重新读取该记录，在现在的内容上修改后，以新的 ETag 再提交"

_ETAG = {"description": "记录的版本；修改时放入 If-Match", "schema": {"type": "string"}}
_REPLAYED = {"description": "true 为重复提交，返回首次的应答", "schema": {"type": "string"}}
_LOCATION = {"description": "新记录的地址", "schema": {"type": "string"}}


class NotModified(Exception):
    """The caller already has the record as it is."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


class FileVersion(NamedTuple):
    """The state of a record that is kept as a file, by its name and the time of its last change."""

    name: str
    updated_at: datetime

    @property
    def id(self) -> str:
        """The digest of the name for a tag, which holds no Chinese."""
        return blake2b(self.name.encode(), digest_size=6).hexdigest()


def _stored(row: Any) -> str:
    """The part of a tag for the stored state of a record."""
    moment: datetime = row.updated_at
    return f"{row.id}-{(moment - _EPOCH) // _EPOCH.resolution:x}"


def etag(row: Any, shown: str) -> str:
    """The strong tag of a record that is shown as this JSON."""
    return f'"{_stored(row)}.{blake2b(shown.encode(), digest_size=6).hexdigest()}"'


def _tags(header: str) -> Sequence[str]:
    return [tag.strip() for tag in header.split(",")]


def _means(tag: str, row: Any) -> bool:
    """Whether a strong tag is one of the stored state of a record."""
    return tag == ANY or (tag.startswith('"') and tag.strip('"').partition(".")[0] == _stored(row))


class Precondition:
    """The header If-Match of a request that changes a record."""

    def __init__(
        self,
        runtime: RuntimeDep,
        if_match: Annotated[
            str | None,
            Header(max_length=2000, description="所改版本的 ETag；记录已有别的版本时不修改，返回 412"),
        ] = None,
    ) -> None:
        self.required, self.header = runtime.settings.require_if_match, if_match

    def check(self, row: Any | None) -> None:
        """Raises Outdated where the record has another version, and Unconditional where none is named but one has to be.

        A record that does not exist is left to the route, which says what became of it.
        """
        if row is None:
            return
        if self.header is None:
            if self.required:
                raise Unconditional(
                    "修改已有的记录须注明所改的版本",
                    hint="请先读取该记录，把应答头 ETag 的值放入请求头 If-Match",
                )
            return
        if not any(_means(tag, row) for tag in _tags(self.header)):
            present = f'"{_stored(row)}"'
            raise Outdated("记录已被他人修改，未作改动", hint=RELOAD, etag=present)


Conditional = Annotated[Precondition, Depends()]


class Upsert:
    """The preconditions of a request that stores a record under a number of its own."""

    def __init__(
        self,
        condition: Conditional,
        if_none_match: Annotated[
            str | None, Header(max_length=2000, description="填 * 时只登记新记录，已有的不改动，返回 412")
        ] = None,
    ) -> None:
        self.condition, self.only_new = condition, ANY in _tags(if_none_match or "")

    def check(self, row: Any | None) -> None:
        """Raises Outdated and Unconditional; `row` is the record that is there."""
        if row is not None and self.only_new:
            hint = "要更新它，请去掉 If-None-Match"
            raise Outdated("记录已存在，未作改动", hint=hint, etag=f'"{_stored(row)}"')
        if row is None and self.condition.header is not None:
            raise Outdated("该记录不存在，未作改动", hint="要登记新记录，请去掉 If-Match", etag=None)
        self.condition.check(row)


Upserting = Annotated[Upsert, Depends()]


def locked(session: Session, model: type[Any], stated: str) -> Any | None:
    """The row of this id, locked until the transaction ends; None for an unknown one and for what is no id."""
    known = stated.isdecimal() and 1 <= int(stated) <= MAX_ID
    return session.get(model, int(stated), with_for_update=True) if known else None


def relocked(session: Session, row: RowT | None) -> RowT | None:
    """The row that was found, read again and locked until the transaction ends; None for none."""
    return row and session.get(type(row), row.id, with_for_update=True)  # type: ignore[attr-defined]


def patch_body() -> Any:
    """The body of a request that changes parts of a record; plain JSON is accepted as well."""
    return Body(media_type="application/merge-patch+json")


def unchanged(model: type[Any], parameter: str = "id") -> Any:
    """The dependency that holds If-Match against the record whose id stands in the address, in the transaction that writes it."""

    def check(request: Request, session: Writing, condition: Conditional) -> None:
        condition.check(locked(session, model, str(request.path_params[parameter])))

    return Depends(check)


class Tagging:
    """Gives the answer of a route that writes the tag of its record."""

    def __init__(self, response: Response) -> None:
        self.response = response

    def of(self, row: Any, shown: PublicT, model: type[BaseModel] | None = None) -> PublicT:
        """The answer, tagged as reading the record would be; `model` is how reading shows it, where the answer says more."""
        names = None if model is None else set(model.model_fields)
        self.response.headers["ETag"] = etag(row, shown.model_dump_json(include=names))
        return shown

    def located(self, path: str) -> None:
        """Names the address, below that of the interface, of what was made."""
        self.response.headers["Location"] = f"{INTERFACE}{path}"

    def at(self, path: str, row: Any, shown: PublicT, model: type[BaseModel] | None = None) -> PublicT:
        """The answer with the address and the tag of the record that was made."""
        self.located(path)
        return self.of(row, shown, model)

    def put(self, path: str, row: Any, shown: PublicT, model: type[BaseModel], *, is_new: bool) -> PublicT:
        """The answer of a route that makes a record (201) or replaces it."""
        if not is_new:
            return self.of(row, shown, model)
        self.response.status_code = status.HTTP_201_CREATED
        return self.at(path, row, shown, model)


Tagged = Annotated[Tagging, Depends()]


class Version:
    """Gives the answer of a route that reads the tag of its record, and spares it to who has the record already."""

    def __init__(
        self,
        response: Response,
        if_none_match: Annotated[
            str | None, Header(max_length=2000, description="已有版本的 ETag；没有变化时返回 304，不附内容")
        ] = None,
    ) -> None:
        self.response, self.known = response, _tags(if_none_match or "")

    def of(self, row: Any, shown: PublicT) -> PublicT:
        """The answer with the tag of its record. Raises NotModified."""
        tag = etag(row, shown.model_dump_json())
        if ANY in self.known or tag in (one.removeprefix("W/") for one in self.known):
            raise NotModified(tag)
        self.response.headers["ETag"] = tag
        return shown


Versioned = Annotated[Version, Depends()]


def _not_modified(_request: Request, error: Exception) -> Response:
    assert isinstance(error, NotModified)  # noqa: S101 - by registration
    return Response(status_code=304, headers={"ETag": error.etag})


def install(app: FastAPI) -> None:
    """Lets `app` answer 304 to who has the record already."""
    app.add_exception_handler(NotModified, _not_modified)


def read(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of a route that reads one record."""
    found: dict[int | str, dict[str, Any]] = {
        200: {"headers": {"ETag": _ETAG}},
        304: {"description": "没有变化", "headers": {"ETag": _ETAG}},
    }
    return found | responses(*statuses)


def written(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of a route that changes one record and shows it."""
    return {200: {"headers": {"ETag": _ETAG}}} | removed(*statuses)


def upserted(answer: type[BaseModel], *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of a route that makes a record or replaces it."""
    made = {"model": answer, "description": "已登记新记录", "headers": {"ETag": _ETAG, "Location": _LOCATION}}
    return {201: made} | written(*statuses)


def removed(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of a route that changes or removes one record and answers something else."""
    return responses(*sorted({*statuses, 412, 428}))


def created(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of a route that makes a record."""
    headers = {"ETag": _ETAG, "Location": _LOCATION, "Idempotency-Replayed": _REPLAYED}
    return {201: {"headers": headers}, **responses(*statuses)}
