"""Roles (角色): what each may do, and which rows it reaches.

The administrator, the security officer and the auditor are three separated powers (三权分立, GB/T 22239-2019, 8.1.5): the first
makes accounts, the second grants them rights, the third reads what both did. None of them reads what the service is for.
"""

from __future__ import annotations

from enum import Enum, auto

from catalog.accounts import permissions as may
from catalog.accounts.permissions import BUSINESS, PERMISSIONS, Permission
from catalog.kit.terms import Term


class Reach(Enum):
    """The rows that a caller reaches: every one, those of an area, a holder or an enterprise, or none."""

    ALL = auto()
    AREA = auto()
    HOLDER = auto()
    ENTERPRISE = auto()
    NOTHING = auto()


class UserRole(Term):
    """The roles of users and keys."""

    ADMINISTRATOR = "administrator", "系统管理员"
    SECURITY = "security", "安全管理员"
    AUDITOR = "auditor", "审计员"
    PROVINCE = "province", "省级主管部门"
    PREFECTURE = "prefecture", "市级主管部门"
    OPERATIONS = "operations", "运营中心"
    HOLDER = "holder", "权利人"
    ENTERPRISE = "enterprise", "企业"
    PLATFORM = "platform", "接口平台"

    @property
    def reach(self) -> Reach:
        """The rows that the role reaches."""
        return _REACH[self]

    @property
    def permissions(self) -> frozenset[str]:
        """The names of what the role may do."""
        return _NAMES[self]

    @property
    def is_offered_to_keys(self) -> bool:
        """Whether a key may have the role without belonging to a user who has it."""
        return self.reach is Reach.ALL


_REACH = {
    UserRole.ADMINISTRATOR: Reach.NOTHING,
    UserRole.SECURITY: Reach.NOTHING,
    UserRole.AUDITOR: Reach.NOTHING,
    UserRole.PROVINCE: Reach.ALL,
    UserRole.PREFECTURE: Reach.AREA,
    UserRole.OPERATIONS: Reach.ALL,
    UserRole.HOLDER: Reach.HOLDER,
    UserRole.ENTERPRISE: Reach.ENTERPRISE,
    UserRole.PLATFORM: Reach.ALL,
}

_COMMON = (
    may.PATENTS_READ,
    may.HOLDERS_READ,
    may.MATCHES_ASK,
    may.FEES_ESTIMATE,
    may.REFERENCE_READ,
    may.ROLES_READ,
)
_OFFICIAL = (
    *_COMMON,
    may.FACTS_READ,
    may.NEEDS_READ,
    may.NEEDS_WRITE,
    may.ENTERPRISES_READ,
    may.ENTERPRISES_WRITE,
    may.FEEDBACK_READ,
    may.LICENCES_READ,
    may.DEALS_READ,
    may.PIPELINE_READ,
)
GRANTED: dict[UserRole, tuple[Permission, ...]] = {
    UserRole.ADMINISTRATOR: (
        may.USERS_READ,
        may.USERS_MANAGE,
        may.KEYS_READ,
        may.KEYS_MANAGE,
        may.SYSTEM_READ,
        may.ROLES_READ,
    ),
    UserRole.SECURITY: (may.USERS_READ, may.KEYS_READ, may.RIGHTS_ASSIGN, may.ROLES_READ),
    UserRole.AUDITOR: (may.AUDIT_READ, may.ROLES_READ),
    UserRole.PROVINCE: BUSINESS,
    UserRole.PREFECTURE: _OFFICIAL,
    UserRole.OPERATIONS: BUSINESS,
    UserRole.HOLDER: (*_COMMON, may.FACTS_READ, may.NEEDS_READ, may.LICENCES_READ, may.DEALS_READ),
    UserRole.ENTERPRISE: (
        *_COMMON,
        may.NEEDS_READ,
        may.NEEDS_WRITE,
        may.ENTERPRISES_READ,
        may.LICENCES_READ,
        may.DEALS_READ,
        may.PIPELINE_READ,
    ),
    UserRole.PLATFORM: BUSINESS,
}
"""What each role may do; a key of it may be narrowed further."""

_NAMES = {role: frozenset(permission.name for permission in granted) for role, granted in GRANTED.items()}
EVERYTHING = frozenset(permission.name for permission in PERMISSIONS)


def rights_table() -> list[tuple[Permission, list[UserRole]]]:
    """Every permission with the roles that have it, in the order of their lists."""
    return [
        (permission, [role for role in UserRole if permission.name in role.permissions])
        for permission in PERMISSIONS
    ]
