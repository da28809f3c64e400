"""Finds a kind by its name; its module, with all that the kind rests on, is loaded only then."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from catalog.kit.errors import InvalidInput
from ingestion.kinds.kinds import KIND_NAMES

if TYPE_CHECKING:
    from ingestion.kinds.kind import Kind


def kind_of(name: str) -> Kind[Any]:
    """The kind of this name. Raises InvalidInput for an unknown one."""
    if name not in KIND_NAMES:
        raise InvalidInput(f"没有“{name}”这一类数据", hint="可用的类别：" + "、".join(KIND_NAMES))
    found: Kind[Any] = import_module(f"ingestion.kinds.{name}").KIND
    return found


def in_turn() -> list[str]:
    """The names of all kinds in the order in which files that come together are imported."""
    return sorted(KIND_NAMES, key=lambda name: kind_of(name).turn)
