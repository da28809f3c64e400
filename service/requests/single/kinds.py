"""The kinds whose single records can be shown, stored and changed by an identifier of their own, as one list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel

from catalog.db import Session
from catalog.demand import enterprises as firm_rows
from catalog.demand import needs as need_rows
from catalog.kit.base import id_of
from catalog.kit.errors import InvalidInput, NotFound
from catalog.kit.ids import MAX_ID
from catalog.mending import tombstones
from catalog.supply import patents as patent_rows
from ingestion.identifiers import credit_code
from ingestion.kinds.kind import Kind
from ingestion.kinds.lookup import kind_of
from ingestion.records.fields import Circumstances
from service.requests.field_problems import validated
from service.requests.records import EnterpriseInput, NeedInput, PatentInput, RecordInput
from service.requests.single import enterprises, needs, patents
from service.requests.single.patches import Patch, Saved, patched
from service.requests.single.patents import PatentNumber

_LONGEST_ID = 7
"""Digits of an id where a number of a patent could be meant: application numbers have eight or more."""


@dataclass(frozen=True, slots=True)
class SingleKind:
    """A kind of single records.

    `number_in` is the number of its own that a record states, in its canonical form; `find` and `put` know a record by it.
    `search` finds one by whatever it may be known by but its id, of which `get` is.
    """

    name: str
    model: type[RecordInput]
    number_in: Callable[[Any, Circumstances], Any]
    find: Callable[[Session, Any], Any]
    put: Callable[[Session, Circumstances, Any, Any], Saved]
    checked: Callable[[Session, Circumstances, Any], tuple[Any, list[str]]]
    create: Callable[[Session, Circumstances, Any], Saved]
    replace: Callable[[Session, Circumstances, int, Any], Saved]
    form: Callable[[Session, Any], Patch]
    search: Callable[[Session, Circumstances, str], Any]
    get: Callable[[Session, int], Any]
    public: Callable[[Session, Any], BaseModel]

    @property
    def imported(self) -> Kind[Any]:
        """The kind of import that takes such records."""
        return kind_of(self.name)

    def named(self, session: Session, row: Any) -> str:
        """The name of a record for messages, with its id."""
        return f"{self.imported.register.named(session, row)}（编号 {id_of(row)}）"


class Stored(NamedTuple):
    """A record that was stored: new, changed or unchanged, with what was mended or left out of what was submitted."""

    row: Any
    notes: list[str]
    status: str


def row_of(kind: SingleKind, session: Session, circumstances: Circumstances, identifier: str) -> Any:
    """The record with this identifier, or else with this id. Raises NotFound, Gone, and InvalidFields for a wrong number."""
    stated = identifier.strip()
    row = kind.search(session, circumstances, stated)
    if row is not None:
        return row
    if _is_id(stated):
        return kind.get(session, int(stated))
    raise NotFound(f"没有标识为“{stated}”的{kind.imported.label}", hint="请核对号码或编号")


def store(kind: SingleKind, session: Session, circumstances: Circumstances, raw: Any) -> Stored:
    """Stores a record as callers write one: a new one, or in place of what is stated of the one that it means.

    A number of its own decides which one that is, without one what an import would know it by. Raises InvalidFields, Gone
    and Conflict.
    """
    data: Any = validated(kind.model, _fields(raw))
    number = kind.number_in(data, circumstances)
    if number is not None:
        known = kind.find(session, number)
        before = known and known.updated_at
        return _stored(kind.put(session, circumstances, number, data), before)
    record, _ = kind.checked(session, circumstances, data)
    find = kind.imported.find
    (id_,) = find(session, [record]) if find else (0,)
    if not id_:
        return _stored(kind.create(session, circumstances, data), None)
    before = kind.get(session, id_).updated_at
    return _stored(kind.replace(session, circumstances, id_, data), before)


def patch(
    kind: SingleKind, session: Session, circumstances: Circumstances, identifier: str, changes: Any
) -> Stored:
    """Changes parts of a record by a merge patch. Raises NotFound, Gone, InvalidFields and Conflict."""
    row = row_of(kind, session, circumstances, identifier)
    before = row.updated_at
    return _stored(change(kind, session, circumstances, row, _fields(changes)), before)


def change(kind: SingleKind, session: Session, circumstances: Circumstances, row: Any, patch: Patch) -> Saved:
    """Changes parts of a stored record by a merge patch. Raises InvalidFields and Conflict."""
    data = patched(kind.model, kind.form(session, row), patch)
    return kind.replace(session, circumstances, id_of(row), data)


def _stored(saved: Saved, before: Any) -> Stored:
    is_same = saved.row.updated_at == before
    return Stored(saved.row, saved.notes, "new" if saved.is_new else "unchanged" if is_same else "changed")


def _fields(raw: Any) -> Patch:
    """The fields of a record. Raises InvalidInput for what is no JSON object."""
    if not isinstance(raw, dict):
        raise InvalidInput(
            "内容应为一个 JSON 对象", hint='请写成 {"字段": "值"}；多条记录请用 patentdock import'
        )
    return raw


def _is_id(stated: str) -> bool:
    return stated.isascii() and stated.isdecimal() and 1 <= int(stated) <= MAX_ID


def _number_of_patent(data: PatentInput, circumstances: Circumstances) -> PatentNumber | None:
    if data.application_number:
        return PatentNumber(patents.application_number_of(data.application_number), None)
    published = data.publication_number[:1]
    return patents.number_of(published[0], circumstances) if published else None


def _patent(session: Session, circumstances: Circumstances, stated: str) -> Any:
    if _is_id(stated) and len(stated) <= _LONGEST_ID:
        return None
    return patents.find(session, patents.number_of(stated, circumstances))


def _need(session: Session, _: Circumstances, stated: str) -> Any:
    row = need_rows.find_external(session, stated) or need_rows.find(session, stated)
    if row is None:
        for key in (f"external {stated}", stated):
            tombstones.refuse_known(session, need_rows.Need.__noted_as__, key)
    return row


def _enterprise(session: Session, _: Circumstances, stated: str) -> Any:
    if credit_code.is_valid(stated):
        return enterprises.find(session, enterprises.code_of(stated))
    return firm_rows.find(session, stated)


_KINDS = (
    SingleKind(
        "patents",
        PatentInput,
        number_in=_number_of_patent,
        find=patents.find,
        put=patents.put,
        checked=patents.checked,
        create=patents.create,
        replace=patents.replace,
        form=patents.form,
        search=_patent,
        get=patent_rows.get,
        public=patents.public,
    ),
    SingleKind(
        "needs",
        NeedInput,
        number_in=lambda data, _: data.external_id,
        find=needs.find,
        put=needs.put,
        checked=needs.checked,
        create=needs.create,
        replace=needs.replace,
        form=needs.form,
        search=_need,
        get=need_rows.get,
        public=needs.public,
    ),
    SingleKind(
        "enterprises",
        EnterpriseInput,
        number_in=lambda data, _: data.credit_code and enterprises.code_of(data.credit_code),
        find=enterprises.find,
        put=enterprises.put,
        checked=enterprises.checked,
        create=enterprises.create,
        replace=enterprises.replace,
        form=enterprises.form,
        search=_enterprise,
        get=firm_rows.get,
        public=enterprises.public,
    ),
)
SINGLE_KINDS = {kind.name: kind for kind in _KINDS}
