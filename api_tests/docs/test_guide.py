"""The guide to imports shows of its practice register exactly what comes out."""

from __future__ import annotations

from pathlib import Path

from catalog.db import Database
from catalog.kit.days import beijing_today
from ingestion.imports.importer import import_file

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "user-guide"


def test_the_guide_shows_what_becomes_of_its_register(database: Database, tmp_path: Path) -> None:
    shown = (GUIDE / "import.md").read_text("utf-8")
    register = GUIDE / "examples" / "register.xlsx"
    report = import_file(database, register, "patents", today=beijing_today(), rejected_dir=tmp_path)
    counts = f"新增 {report.new}，更新 {report.changed}，未变更 {report.unchanged}，退回 {report.rejected}，待决定 {report.waiting}"
    assert f"register.xlsx：共 {report.rows} 行，{counts}" in shown
    assert f"总行数 {report.rows}，{counts}" in shown
    assert [message for message in report.messages if f"提示：{message}" not in shown] == []
    assert [refusal.line for refusal in report.refusals if f"专利台账  {refusal.line} " not in shown] == []
