"""JSON Merge Patch (RFC 7396) over the form of a stored record, and what a replacement leaves as it is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, WithJsonSchema
from pydantic_core import to_jsonable_python

from catalog.kit.errors import PatentDockError
from service.requests.field_problems import FieldProblem, InvalidFields, validated

InputT = TypeVar("InputT", bound=BaseModel)
RecordT = TypeVar("RecordT", bound=BaseModel)
Patch = dict[str, Any]

_PLACE = ("province", "prefecture", "county")
RESTS_ON: dict[str, tuple[str, ...]] = {
    "address": _PLACE,
    "province": ("prefecture", "county"),
    "prefecture": ("province", "county"),
    "enterprise": ("enterprise_id",),
    "enterprise_id": ("enterprise",),
    "ends_on": ("ended_on",),
    "ended_on": ("ends_on",),
}
"""The fields that are worked out anew from a patched one, unless the patch states it too."""


class Saved(NamedTuple):
    """A record that was saved, with what was mended or left out of what was submitted."""

    row: Any
    notes: list[str]
    is_new: bool = False


def form_of(model: type[BaseModel], values: Mapping[str, Any]) -> Patch:
    """The form of a record as JSON, of those values that the model of the form has; unknown ones are left out."""
    kept = {name: value for name, value in values.items() if name in model.model_fields and value is not None}
    plain: Patch = to_jsonable_python(kept)
    return plain


def merged(target: Any, patch: Any) -> Any:
    """The target with a patch applied (RFC 7396, section 2).

    >>> merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"c": None}, "d": [2], "e": 3})
    {'a': {'b': 1}, 'd': [2], 'e': 3}
    """
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


def patched(model: type[InputT], form: Patch, patch: Patch) -> InputT:
    """The form of a record with a patch applied, checked. Raises InvalidFields, also for null in an unknown field."""
    if unknown := [name for name in patch if name not in model.model_fields]:
        raise InvalidFields([FieldProblem(field=name, value="", reason="不支持此字段") for name in unknown])
    stale = {other for name in patch for other in RESTS_ON.get(name, ()) if other not in patch}
    kept = {name: value for name, value in form.items() if name not in stale}
    return validated(model, merged(kept, patch))


def merge_patch_of(model: type[BaseModel], name: str) -> WithJsonSchema:
    """The form of a patch in the document of the interface: every field may be absent, and null clears it."""
    whole = model.model_json_schema()
    schema = _inlined(whole, whole.get("$defs", {}))
    properties = {field: _clearable(stated) for field, stated in schema["properties"].items()}
    return WithJsonSchema(
        {"type": "object", "title": name, "properties": properties, "additionalProperties": False}
    )


def _clearable(stated: Patch) -> Patch:
    """A field that a patch may leave out, change or clear."""
    described: Patch = {name: stated[name] for name in ("description", "examples") if name in stated}
    kind = {name: value for name, value in stated.items() if name not in ("default", "title", *described)}
    return {"anyOf": [kind, {"type": "null"}], **described}


def _inlined(schema: Any, known: Mapping[str, Any]) -> Any:
    """A schema with what it refers to in its place: a document may know the parts by other names."""
    if isinstance(schema, list):
        return [_inlined(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(known[schema["$ref"].rpartition("/")[2]], known)
    return {name: _inlined(value, known) for name, value in schema.items() if name != "$defs"}


def settled(after: RecordT, stated_again: Callable[[], RecordT], stored: RecordT) -> RecordT:
    """The stored record with the fields that a new statement of it changes.

    `stated_again` is what the present form of the record states; in what `after` states alike, the record stays as it is
    stored: what a register said more exactly, and what was worked out of it, is not lost by being entered again.
    """
    try:
        before = stated_again()
    except PatentDockError:  # it came by another door, or the rules changed: nothing can be compared
        return after
    changed = {
        name: getattr(after, name)
        for name in type(after).model_fields
        if getattr(after, name) != getattr(before, name)
    }
    return stored.model_copy(update=changed)
