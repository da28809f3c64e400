"""Users, their passwords and rights; keys, and what each of them lets a caller do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text
from sqlmodel import Session

from catalog.accounts import keys as access_keys
from catalog.accounts import users
from catalog.accounts.keys import KeyTerms
from catalog.accounts.permissions import BUSINESS, GOVERNING
from catalog.accounts.roles import GRANTED, Reach, UserRole
from catalog.accounts.users import Rights
from catalog.accounts.viewers import Viewer
from catalog.db import Database, sqlite_url
from catalog.kit.errors import InvalidInput, WrongState

PASSWORD = "correct horse battery"
DAY = date(2026, 6, 1)
NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    found = Database(sqlite_url(tmp_path / "catalog.db"))
    found.upgrade()
    return found


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as session:
        yield session


@pytest.mark.parametrize(
    "password", ["short", "administrator", "wang.li", "aaaaaaaaaaaa", "PASSWORD123", "tab\tin the middle"]
)
def test_a_password_that_is_easily_guessed_is_refused(session: Session, password: str) -> None:
    with pytest.raises(InvalidInput, match="密码不可用"):
        users.create(session, "wang.li", "王力", password)


def test_a_password_is_stored_as_argon2id_alone(session: Session) -> None:
    row = users.create(session, "Wang.Li", "王力", PASSWORD)
    assert (row.login, row.password_hash.split("$")[1]) == ("wang.li", "argon2id")
    assert users.admitted(session, "WANG.LI", PASSWORD, NOON) is row
    assert users.admitted(session, "nobody", PASSWORD, NOON) is None


def test_five_failures_in_a_row_lock_a_user_for_a_while(session: Session) -> None:
    row = users.create(session, "wang.li", "王力", PASSWORD)
    for _ in range(users.MOST_FAILURES):
        assert users.admitted(session, "wang.li", "wrong", NOON) is None
    assert users.admitted(session, "wang.li", PASSWORD, NOON) is None
    assert users.admitted(session, "wang.li", PASSWORD, NOON + users.LOCKED_FOR) is row
    for _ in range(users.MOST_FAILURES):
        users.admitted(session, "wang.li", "wrong", NOON)
    users.unlock(session, row)
    assert users.admitted(session, "wang.li", PASSWORD, NOON) is row


def test_a_role_names_exactly_the_rows_that_it_needs(session: Session) -> None:
    row = users.create(session, "wang.li", "王力", PASSWORD)
    users.grant(session, row, Rights(UserRole.PREFECTURE, area="420100"))
    for rights in (
        Rights(UserRole.PREFECTURE),
        Rights(UserRole.HOLDER, area="420100"),
        Rights(UserRole.PROVINCE, holder_id=1),
        Rights(UserRole.ENTERPRISE, holder_id=1, enterprise_id=1),
    ):
        with pytest.raises(InvalidInput):
            users.grant(session, row, rights)
    assert (row.role, row.area) == (UserRole.PREFECTURE, "420100")


def test_the_last_administrator_stays_one(session: Session) -> None:
    first, second = (users.create(session, name, name, PASSWORD) for name in ("first", "second"))
    users.grant(session, first, Rights(UserRole.ADMINISTRATOR))
    with pytest.raises(WrongState, match="最后一名"):
        users.set_active(session, first, False)
    with pytest.raises(WrongState, match="最后一名"):
        users.grant(session, first, Rights(UserRole.AUDITOR))
    users.grant(session, second, Rights(UserRole.ADMINISTRATOR))
    users.set_active(session, first, False)
    with pytest.raises(WrongState):
        users.set_active(session, second, False)


def test_the_three_powers_are_separated_and_read_nothing_of_the_business() -> None:
    powers = [UserRole.ADMINISTRATOR, UserRole.SECURITY, UserRole.AUDITOR]
    governing = {permission.name for permission in GOVERNING}
    writing = [
        {name for name in role.permissions & governing if not name.endswith(".read")} for role in powers
    ]
    assert not writing[0] & writing[1]
    assert GRANTED[UserRole.AUDITOR][0].name == "audit.read"
    harmless = {"system.read", "roles.read"}
    business = {permission.name for permission in BUSINESS} - harmless
    assert all(not role.permissions & business and role.reach is Reach.NOTHING for role in powers)
    assert all(not role.permissions & governing for role in UserRole if role not in powers)


def viewer(session: Session, key: str) -> Viewer | None:
    row = access_keys.verify(session, key)
    return access_keys.viewer_of(session, row, DAY) if row else None


def test_a_key_without_terms_may_do_what_platforms_may(session: Session) -> None:
    found = viewer(session, access_keys.create(session, "省平台"))
    assert found is not None
    assert found.permissions == UserRole.PLATFORM.permissions
    assert found.reach is Reach.ALL


def test_a_key_that_there_was_may_do_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").touch()
    database = Database(sqlite_url(tmp_path / "catalog.db"))
    with database.engine.begin() as connection:
        command.upgrade(database._alembic(connection), "0025")
        connection.execute(
            text("INSERT INTO api_keys VALUES ('2026-01-01', '2026-01-01', 7, '老平台', :hash, NULL)"),
            {"hash": access_keys._hash("secret")},
        )
    database.upgrade()
    with database.read() as session:
        found = viewer(session, "pd_7_secret")
        assert found is not None
        assert found.permissions == UserRole.PLATFORM.permissions
        assert access_keys.is_wide(access_keys.named(session, "老平台"), NOON)


def test_scopes_narrow_a_key_and_never_widen_its_role(session: Session) -> None:
    key = access_keys.create(session, "窄", KeyTerms(scopes=["patents.read"]))
    found = viewer(session, key)
    assert found is not None
    assert found.permissions == {"patents.read"}
    for scopes in (["users.manage"], ["no.such"]):
        with pytest.raises(InvalidInput):
            access_keys.create(session, "宽", KeyTerms(scopes=scopes))


def test_a_key_of_a_bound_role_belongs_to_a_user_who_has_it(session: Session) -> None:
    with pytest.raises(InvalidInput, match="须属于"):
        access_keys.create(session, "甲", KeyTerms(role=UserRole.HOLDER))
    owner = users.create(session, "wang.li", "王力", PASSWORD)
    with pytest.raises(InvalidInput, match="没有角色"):
        access_keys.create(session, "甲", KeyTerms(owner, UserRole.ADMINISTRATOR))
    users.grant(session, owner, Rights(UserRole.ADMINISTRATOR))
    key = access_keys.create(session, "甲", KeyTerms(owner, UserRole.ADMINISTRATOR))
    found = viewer(session, key)
    assert found is not None
    assert "users.manage" in found.permissions
    users.grant(session, users.create(session, "other", "乙", PASSWORD), Rights(UserRole.ADMINISTRATOR))
    users.grant(session, owner, Rights(UserRole.AUDITOR))
    found = viewer(session, key)
    assert found is not None
    assert not found.permissions
    users.set_active(session, owner, False)
    assert viewer(session, key) is None


def test_a_rotated_key_works_beside_the_new_one_for_a_time(session: Session) -> None:
    old = access_keys.create(session, "省平台")
    row = access_keys.named(session, "省平台")
    new = access_keys.rotate(session, row, timedelta(hours=1))
    assert old != new
    assert access_keys.verify(session, old) is access_keys.verify(session, new) is row
    row.former_until = NOON - timedelta(days=365)
    assert access_keys.verify(session, old) is None
    assert access_keys.verify(session, new) is row


def test_a_key_ends_with_its_term(session: Session) -> None:
    key = access_keys.create(session, "短", KeyTerms(expires_at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert access_keys.verify(session, key) is None


def test_a_key_is_used_from_its_networks_alone(session: Session) -> None:
    access_keys.create(session, "内网", KeyTerms(networks=["10.1.0.0/16", "::1"]))
    row = access_keys.named(session, "内网")
    allowed = [a for a in ("10.1.2.3", "10.2.0.1", "::1", "", "x") if access_keys.is_allowed_from(row, a)]
    assert allowed == ["10.1.2.3", "::1"]
    with pytest.raises(InvalidInput):
        access_keys.create(session, "错", KeyTerms(networks=["10.1.0"]))
