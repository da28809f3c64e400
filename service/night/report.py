"""The report of a nightly run, for the morning: JSON for programs, Chinese text for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from catalog.demand import needs
from catalog.kit.base import chunks
from catalog.kit.days import beijing_today
from catalog.kit.paging import PageQuery
from catalog.runs import matches as night_matches
from catalog.runs.matches import NightChanges
from catalog.runs.nights import NightlyRunPublic
from catalog.supply import patents_shown
from service.installation.runtime import Runtime

SHOWN_NEEDS = 200
"""Needs whose new matches are listed; all of them are to be had over REST."""

SHOWN_PATENTS = 5
"""New matches of a need that the text names; the JSON names all."""


class NewMatch(BaseModel):
    """A patent that is new among the matches of a need."""

    id: int
    application_number: str
    title: str


class ChangedNeed(BaseModel):
    """A need whose matches changed."""

    id: int
    code: str
    title: str
    new: list[NewMatch]
    gone: int
    rebanded: int


def write(runtime: Runtime, run: NightlyRunPublic, labels: Mapping[str, str]) -> list[Path]:
    """Writes both reports under `<data>/reports/`; returns their paths. An existing report is replaced."""
    changed = _changed_needs(runtime, run.id)
    folder = runtime.settings.data / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "run": run.model_dump(mode="json"),
        "changed_needs": [need.model_dump() for need in changed],
    }
    texts = {
        ".json": json.dumps(content, ensure_ascii=False, indent=2),
        ".txt": "\n".join(_lines(run, changed, labels)),
    }
    name = f"nightly-{run.created_at.astimezone():%Y%m%d}-{run.id}"
    return [_written(folder / f"{name}{suffix}", text) for suffix, text in texts.items()]


def _written(path: Path, text: str) -> Path:
    fresh = path.with_suffix(f"{path.suffix}.new")
    fresh.write_text(text + "\n", "utf-8")
    return fresh.replace(path)


def _changed_needs(runtime: Runtime, run_id: int) -> list[ChangedNeed]:
    with runtime.database.read() as session:
        found = night_matches.changes_page(session, run_id, PageQuery(size=SHOWN_NEEDS))
        changes = [night_matches.changes_of(row) for row in found.rows]
        needs_by_id = needs.many(session, [change.need_id for change in changes], beijing_today())
        ids = sorted({patent for change in changes for patent in change.new})
        names: dict[int, NewMatch] = {}
        for chunk in chunks(ids):
            for patent in patents_shown.many(session, chunk, today=beijing_today()).values():
                names[patent.id] = NewMatch(
                    id=patent.id, application_number=patent.application_number, title=patent.title
                )
    return [
        _changed(needs_by_id[change.need_id], change, names)
        for change in changes
        if change.need_id in needs_by_id
    ]


def _changed(need: needs.NeedPublic, change: NightChanges, names: Mapping[int, NewMatch]) -> ChangedNeed:
    return ChangedNeed(
        id=need.id,
        code=need.code,
        title=need.title,
        new=[names[patent] for patent in change.new if patent in names],
        gone=len(change.gone),
        rebanded=len(change.rebanded),
    )


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _lines(run: NightlyRunPublic, changed: Sequence[ChangedNeed], labels: Mapping[str, str]) -> Iterator[str]:
    stages = run.stages
    yield f"夜间批处理报告（第 {run.id} 次，开始于 {_local(run.created_at)}）"
    if run.resumed:
        yield f"本次曾中断，续做 {run.resumed} 次。"
    yield ""
    yield from _import_lines(stages["import"]["files"])
    screening = stages["screen"]
    yield (
        f"盘点筛选：{screening['screened']} 件，沉睡 {screening['dormant']} 件，非沉睡 {screening['awake']} 件，"
        f"资料不足 {screening['undecided']} 件"
    )
    index = stages["reindex"]
    yield (
        f"索引：版本 {index['generation']} 已校验并启用，专利 {index['patents']} 件，需求 {index['needs']} 条，"
        f"新计算向量 {index['embedded']}，复用 {index['reused']}"
    )
    match = stages["match"]
    yield f"全量匹配：征集中的需求 {match['needs']} 条，有效或有效性未知的专利 {match['patents_possible']} 件（按 {match['day']}）"
    yield f"匹配程度为高的 {match['pairs_high']} 对，为中的 {match['pairs_medium']} 对"
    yield from _change_lines(stages["compare"], changed)
    yield _backup_line(stages["backup"])
    yield ""
    yield "用时：" + "，".join(
        f"{label} {stages[stage]['seconds']} 秒" for stage, label in labels.items() if stage in stages
    )


def _backup_line(backup: Mapping[str, Any]) -> str:
    if backup["failed"]:
        return f"备份：失败，其余各步不受影响：{backup['failed']}"
    if not backup["name"]:
        return "备份：未设置存放备份的文件夹（PATENTDOCK_BACKUP_DIR），没有备份"
    remarks = [
        *backup["remarks"],
        *([f"清理 {len(backup['removed'])} 份旧备份"] if backup["removed"] else []),
    ]
    size = f"{backup['files']} 个文件，{backup['bytes'] / 1024**2:.1f} MB"
    return "；".join([f"备份：已写入 {backup['folder']}/{backup['name']}，{size}", *remarks])


def _import_lines(files: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not files:
        yield "导入：待导入文件夹中没有文件"
    for file in files:
        if file["refused"]:
            yield f"导入：{file['kind']}/{file['file']} 未导入：{file['refused']}"
        else:
            yield (
                f"导入：{file['kind']}/{file['file']} 共 {file['rows']} 行，新增 {file['new']}，更新 {file['changed']}，"
                f"未变更 {file['unchanged']}，退回 {file['rejected']}，待决定 {file['waiting']}"
            )
            if file["waiting"]:
                yield f"  待决定的行未写入；查看并决定：patentdock conflicts list --import {file['import_id']}"


def _change_lines(compared: Mapping[str, Any], changed: Sequence[ChangedNeed]) -> Iterator[str]:
    if compared["previous"] is None:
        yield "匹配变化：首次计算，没有上一次的匹配程度可比"
        return
    yield (
        f"匹配变化（与第 {compared['previous']} 次相比）：{compared['needs_changed']} 条需求有变化，"
        f"{compared['needs_unchanged']} 条没有；新增匹配 {compared['matches_new']}，消失 {compared['matches_gone']}，"
        f"匹配程度改变 {compared['matches_rebanded']}。只计匹配程度为高、中的结果"
    )
    for need in changed:
        if need.new:
            yield f"  {need.code} {need.title}：新增 {len(need.new)}，消失 {need.gone}，匹配程度改变 {need.rebanded}"
            yield from (
                f"    + {patent.application_number} {patent.title}" for patent in need.new[:SHOWN_PATENTS]
            )
            if len(need.new) > SHOWN_PATENTS:
                yield f"    等 {len(need.new)} 件"
    if compared["needs_changed"] > len(changed):
        yield f"  以上为前 {len(changed)} 条有变化的需求，其余可由接口 /api/v1/nightly/编号/changes 取得"
