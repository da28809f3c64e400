"""The permission (权限) that every route declares: checked before the route runs, named in the OpenAPI document."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import Depends, Request
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from catalog.accounts.permissions import Permission
from catalog.accounts.viewers import Viewer

_READING = frozenset({"GET", "HEAD"})


class May:
    """A dependency that refuses who lacks the permission: one for reading, and maybe another for every other method."""

    def __init__(self, reading: Permission, writing: Permission) -> None:
        self._reading, self._writing = reading, writing

    def of(self, method: str) -> Permission:
        """The permission that a method takes."""
        return self._reading if method in _READING else self._writing

    async def __call__(self, request: Request) -> None:
        """Raises Forbidden."""
        viewer: Viewer = request.state.viewer
        viewer.need(self.of(request.method))


def may(reading: Permission, writing: Permission | None = None) -> Any:
    """The declaration of a router or route; what both declare has to be held together."""
    return Depends(May(reading, writing or reading))


def declared(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, list[str]]]:
    """Path, method and names of the permissions of every route below the interface and beside it."""
    for context in iter_route_contexts(routes):
        found = [
            one.dependency
            for one in getattr(context, "dependencies", None) or ()
            if isinstance(one.dependency, May)
        ]
        for method in sorted(context.methods or ()):
            names = dict.fromkeys(right.of(method).name for right in found)
            yield str(getattr(context, "path_format", None) or context.path), method, list(names)


def mark(document: dict[str, Any], routes: Sequence[BaseRoute]) -> None:
    """States in the document what each operation takes."""
    for path, method, names in declared(routes):
        operation = document["paths"].get(path, {}).get(method.lower())
        if operation is not None and names:
            operation["x-permission"] = names
