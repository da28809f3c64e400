"""Permissions (权限): the single things that a caller may be allowed to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from catalog.kit.errors import InvalidInput


class Permission(NamedTuple):
    """A permission: the name that programs use, and the Chinese title."""

    name: str
    title: str


PATENTS_READ = Permission("patents.read", "查看专利")
PATENTS_WRITE = Permission("patents.write", "登记、更新专利")
FACTS_READ = Permission("facts.read", "查看专利运用记录")
FACTS_WRITE = Permission("facts.write", "登记专利运用记录")
HOLDERS_READ = Permission("holders.read", "查看专利权人")
HOLDERS_WRITE = Permission("holders.write", "合并专利权人")
NEEDS_READ = Permission("needs.read", "查看技术需求")
NEEDS_WRITE = Permission("needs.write", "登记、更新技术需求")
ENTERPRISES_READ = Permission("enterprises.read", "查看企业")
ENTERPRISES_WRITE = Permission("enterprises.write", "登记、更新企业")
MATCHES_ASK = Permission("matches.ask", "匹配")
CHANCES_READ = Permission("chances.read", "查看可能的受让企业与对接机会")
FEEDBACK_READ = Permission("feedback.read", "查看匹配反馈")
FEEDBACK_WRITE = Permission("feedback.write", "登记匹配反馈")
LICENCES_READ = Permission("licences.read", "查看开放许可声明，核查能否声明")
LICENCES_WRITE = Permission("licences.write", "起草、公告、变更、撤回声明")
FEES_ESTIMATE = Permission("fees.estimate", "测算许可费")
DEALS_READ = Permission("deals.read", "查看交易")
DEALS_WRITE = Permission("deals.write", "登记交易、到账与证明材料")
PIPELINE_READ = Permission("pipeline.read", "查看对接进程")
PIPELINE_WRITE = Permission("pipeline.write", "登记对接进程")
ACTIVITIES_READ = Permission("activities.read", "查看对接活动、邀请与会谈")
ACTIVITIES_WRITE = Permission("activities.write", "举办对接活动：邀请、编排、结果、材料、计划")
STATISTICS_READ = Permission("statistics.read", "查看统计")
SCREENINGS_RUN = Permission("screenings.run", "盘点筛选")
IMPORTS_READ = Permission("imports.read", "查看导入与列对应关系")
IMPORTS_WRITE = Permission("imports.write", "导入、撤销导入，保存列对应关系")
CONFLICTS_READ = Permission("conflicts.read", "查看冲突")
CONFLICTS_DECIDE = Permission("conflicts.decide", "处理冲突")
RECORDS_READ_DELETED = Permission("deletions.read", "查看删除记录")
RECORDS_DELETE = Permission("records.delete", "删除、恢复、合并记录")
NIGHTS_READ = Permission("nights.read", "查看夜间批处理")
CHANGES_READ = Permission("changes.read", "订阅变更")
WEBHOOKS_READ = Permission("webhooks.read", "查看事件接收方与推送情况")
WEBHOOKS_MANAGE = Permission("webhooks.manage", "登记、改动事件接收方，重发事件")
REFERENCE_READ = Permission("reference.read", "查看产业目录与法律参数")
SYSTEM_READ = Permission("system.read", "查看索引版本")
ROLES_READ = Permission("roles.read", "查看角色与权限")
USERS_READ = Permission("users.read", "查看用户")
USERS_MANAGE = Permission("users.manage", "建立、停用、解锁用户，重置密码")
KEYS_READ = Permission("keys.read", "查看接口密钥")
KEYS_MANAGE = Permission("keys.manage", "生成、更换、吊销接口密钥")
RIGHTS_ASSIGN = Permission("rights.assign", "授予用户角色，授予密钥权限")
AUDIT_READ = Permission("audit.read", "查看审计记录")

BUSINESS = (
    PATENTS_READ,
    PATENTS_WRITE,
    FACTS_READ,
    FACTS_WRITE,
    HOLDERS_READ,
    HOLDERS_WRITE,
    NEEDS_READ,
    NEEDS_WRITE,
    ENTERPRISES_READ,
    ENTERPRISES_WRITE,
    MATCHES_ASK,
    CHANCES_READ,
    FEEDBACK_READ,
    FEEDBACK_WRITE,
    LICENCES_READ,
    LICENCES_WRITE,
    FEES_ESTIMATE,
    DEALS_READ,
    DEALS_WRITE,
    PIPELINE_READ,
    PIPELINE_WRITE,
    ACTIVITIES_READ,
    ACTIVITIES_WRITE,
    STATISTICS_READ,
    SCREENINGS_RUN,
    IMPORTS_READ,
    IMPORTS_WRITE,
    CONFLICTS_READ,
    CONFLICTS_DECIDE,
    RECORDS_READ_DELETED,
    RECORDS_DELETE,
    NIGHTS_READ,
    CHANGES_READ,
    WEBHOOKS_READ,
    WEBHOOKS_MANAGE,
    REFERENCE_READ,
    SYSTEM_READ,
    ROLES_READ,
)
"""What the work of matching consists of."""
GOVERNING = (USERS_READ, USERS_MANAGE, KEYS_READ, KEYS_MANAGE, RIGHTS_ASSIGN, AUDIT_READ)
"""What governs who may do so; no single role has all of these."""
PERMISSIONS = (*BUSINESS, *GOVERNING)
TITLES = {permission.name: permission.title for permission in PERMISSIONS}


def known(names: Iterable[str]) -> tuple[str, ...]:
    """These names, each once and in the order of the list. Raises InvalidInput for one that is no permission."""
    wanted = set(names)
    if unknown := sorted(wanted - TITLES.keys()):
        raise InvalidInput(
            f"没有名为“{unknown[0][:40]}”的权限", hint="可用的权限见 patentdock roles 或 GET /api/v1/roles"
        )
    return tuple(name for name in TITLES if name in wanted)
