"""Users (用户): people who sign in, each with one role and the rows that belong to it.

A user is made without rights; these are granted on their own (`grant`), so that one power makes accounts and another gives
them rights. Users are never deleted, only disabled: what they did stays under their names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import func, select
from sqlmodel import Field, Session, col

from catalog.accounts import passwords
from catalog.accounts.roles import Reach, UserRole
from catalog.kit.base import Timestamps, UtcDateTime, apply_changes, enum_type, now
from catalog.kit.errors import InvalidInput, NotFound, RecordExists, WrongState
from catalog.kit.paging import PageQuery, Rows, Sorts, paginate

MAX_USER_NAME = 100
MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")


class User(Timestamps, table=True):
    """A user, known by a login name; `role` is empty until one is granted."""

    __tablename__ = "users"

    id: int | None = Field(default=None, primary_key=True)
    login: str = Field(max_length=64, unique=True, description="登录名")
    name: str = Field(max_length=MAX_USER_NAME, description="姓名")
    password_hash: str = Field(max_length=200, description="密码的 Argon2id 散列值")
    role: UserRole | None = Field(default=None, sa_type=enum_type(UserRole), description="角色；空为尚未授予")
    area: str | None = Field(default=None, max_length=6, description="市级主管部门所辖的地级行政区划代码")
    holder_id: int | None = Field(default=None, description="权利人用户所属的专利权人")
    enterprise_id: int | None = Field(default=None, description="企业用户所属的企业")
    is_active: bool = Field(default=True, description="可用；停用后不能登录，其密钥也不可用")
    failures: int = Field(default=0, description="连续输错密码的次数")
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime, description="在此时间以前锁定")
    password_changed_at: datetime = Field(
        default_factory=now, sa_type=UtcDateTime, description="最近一次设置密码的时间"
    )


@dataclass(frozen=True, slots=True)
class Rights:
    """A role, and the rows that are its own."""

    role: UserRole | None = None
    area: str | None = None
    holder_id: int | None = None
    enterprise_id: int | None = None


_BOUND = {Reach.AREA: "area", Reach.HOLDER: "holder_id", Reach.ENTERPRISE: "enterprise_id"}
_BOUND_BY = {"area": "所辖地区", "holder_id": "所属专利权人", "enterprise_id": "所属企业"}


def _checked(rights: Rights) -> Rights:
    """The rights, whose role names exactly the rows that it is bound to. Raises InvalidInput."""
    wanted = _BOUND.get(rights.role.reach) if rights.role else None
    for name, label in _BOUND_BY.items():
        is_stated = getattr(rights, name) is not None
        if is_stated != (name == wanted):
            title = rights.role.label if rights.role else "没有角色的用户"
            raise InvalidInput(f"{title}{'须注明' if name == wanted else '不能有'}{label}")
    return rights


def create(session: Session, login: str, name: str, password: str) -> User:
    """A new user without rights. Raises InvalidInput for what cannot be used, RecordExists where the login name is taken."""
    login, name = login.strip().lower(), name.strip()
    if not _LOGIN.fullmatch(login):
        raise InvalidInput("登录名应为 3 至 64 个小写字母、数字或 . _ @ -", hint="例如 wang.li")
    if not 1 <= len(name) <= MAX_USER_NAME or not name.isprintable():
        raise InvalidInput(f"姓名应为 1 至 {MAX_USER_NAME} 个可见字符")
    passwords.check(password, login)
    if known := find(session, login):
        raise RecordExists(f"登录名“{login}”已有人使用", existing_id=known.id)
    row = User(login=login, name=name, password_hash=passwords.hashed(password))
    session.add(row)
    session.flush()
    return row


def find(session: Session, login: str) -> User | None:
    """The user with this login name."""
    return session.execute(select(User).where(col(User.login) == login.strip().lower())).scalar_one_or_none()


def named(session: Session, login: str) -> User:
    """The user with this login name. Raises NotFound."""
    row = find(session, login)
    if row is None:
        raise NotFound(f"没有登录名为“{login}”的用户", hint="用 patentdock users list 查看")
    return row


def get(session: Session, user_id: int) -> User:
    """The user `user_id`. Raises NotFound."""
    row = session.get(User, user_id)
    if row is None:
        raise NotFound(f"没有编号为 {user_id} 的用户")
    return row


def page(session: Session, wanted: PageQuery) -> Rows[User]:
    """The users in order of their ids."""
    return paginate(session, select(User), wanted, Sorts({"id": User.id, "login": User.login}, "id"))


def listed(session: Session) -> Sequence[User]:
    """All users in order of their ids."""
    return session.execute(select(User).order_by(col(User.id))).scalars().all()


def grant(session: Session, row: User, rights: Rights) -> None:
    """Gives a user these rights in place of those before. Raises InvalidInput, and WrongState for the last administrator."""
    _checked(rights)
    if rights.role is not UserRole.ADMINISTRATOR:
        _keep_an_administrator(session, row)
    values = {"role": rights.role, "area": rights.area}
    apply_changes(row, values | {"holder_id": rights.holder_id, "enterprise_id": rights.enterprise_id})
    session.flush()


def rename(session: Session, row: User, name: str) -> None:
    """Changes the name of a person. Raises InvalidInput."""
    if not 1 <= len(name.strip()) <= MAX_USER_NAME or not name.isprintable():
        raise InvalidInput(f"姓名应为 1 至 {MAX_USER_NAME} 个可见字符")
    apply_changes(row, {"name": name.strip()})
    session.flush()


def set_active(session: Session, row: User, active: bool) -> None:
    """Disables a user, or admits one again. Raises WrongState for the last administrator."""
    if not active:
        _keep_an_administrator(session, row)
    apply_changes(row, {"is_active": active})
    session.flush()


def set_password(session: Session, row: User, password: str) -> None:
    """Gives a user another password, and ends a lock. Raises InvalidInput."""
    passwords.check(password, row.login)
    values = {"password_hash": passwords.hashed(password), "password_changed_at": now()}
    apply_changes(row, values | {"failures": 0, "locked_until": None})
    session.flush()


def unlock(session: Session, row: User) -> None:
    """Ends the lock of a user at once."""
    apply_changes(row, {"failures": 0, "locked_until": None})
    session.flush()


def is_locked(row: User, at: datetime) -> bool:
    """Whether a user is locked at that time."""
    return row.locked_until is not None and at < row.locked_until


def admitted(session: Session, login: str, password: str, at: datetime) -> User | None:
    """The active user with this password; after some failures in a row the user is locked for a while.

    The failure is noted in the session, which has to be committed.
    """
    row = find(session, login)
    if row is None:
        passwords.is_right(password, _nobody())  # takes as long as for a user that there is
        return None
    if is_locked(row, at) or not row.is_active:
        return None
    if passwords.is_right(password, row.password_hash):
        apply_changes(row, {"failures": 0, "locked_until": None})
        return row
    row.failures += 1
    if row.failures >= MOST_FAILURES:
        row.failures, row.locked_until = 0, at + LOCKED_FOR
    session.flush()
    return None


@cache
def _nobody() -> str:
    return passwords.hashed("nobody has this password")


def _keep_an_administrator(session: Session, row: User) -> None:
    if row.role is not UserRole.ADMINISTRATOR or not row.is_active:
        return
    others = select(func.count()).where(
        col(User.role) == UserRole.ADMINISTRATOR, col(User.is_active).is_(True), col(User.id) != row.id
    )
    if session.execute(others).scalar_one() == 0:
        raise WrongState(
            f"“{row.login}”是最后一名可用的系统管理员，不能停用或改任", hint="请先增设另一名系统管理员"
        )
