"""Viewers (访问者): who asks, and with what rights; one a request.

The sessions of a request take its viewer from the context in which they are opened (`catalog.db`), so that no function on the
way can forget to hand it on. Outside of a request the installation itself is at work, which sees and may do everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date

from catalog.accounts.permissions import TITLES, Permission
from catalog.accounts.roles import EVERYTHING, Reach, UserRole
from catalog.kit.errors import Forbidden


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person or program that asks, on a `day`.

    `area`, `holder_id` or `enterprise_id` say which rows are its own, as far as the role needs it.

    Without a role, `reach` decides: that of the installation itself, or of somebody who has shown no key.
    """

    name: str
    day: date
    role: UserRole | None = None
    user_id: int | None = None
    key_id: int | None = None
    permissions: frozenset[str] = frozenset()
    area: str | None = None
    holder_id: int | None = None
    enterprise_id: int | None = None
    reach: Reach = Reach.NOTHING

    def may(self, permission: Permission) -> bool:
        """Whether the viewer has the permission."""
        return permission.name in self.permissions

    def need(self, permission: Permission) -> None:
        """Raises Forbidden naming the permission where the viewer does not have it."""
        if not self.may(permission):
            raise lacking(permission)


def lacking(permission: Permission) -> Forbidden:
    """The refusal of what needs this permission."""
    return Forbidden(
        f"缺少权限“{TITLES[permission.name]}”（{permission.name}）",
        hint="请向安全管理员申请该权限",
        missing=permission.name,
    )


def local_operator(name: str, day: date) -> Viewer:
    """The operator at the command line of the machine, who has all rights."""
    return Viewer(name, day, permissions=EVERYTHING, reach=Reach.ALL)


def anonymous(day: date) -> Viewer:
    """Somebody who has shown no key, and reaches what is public alone."""
    return Viewer("", day)


VIEWER = "viewer"
"""The name under which a session keeps its viewer (`session.info`)."""
_CURRENT: ContextVar[Viewer | None] = ContextVar("viewer", default=None)


def current() -> Viewer | None:
    """The viewer of the request that is answered in this context; None outside of one."""
    return _CURRENT.get()


@contextmanager
def viewing(viewer: Viewer | None) -> Iterator[None]:
    """Lets what runs within see the catalogue as this viewer."""
    token = _CURRENT.set(viewer)
    try:
        yield
    finally:
        _CURRENT.reset(token)
