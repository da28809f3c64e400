"""Writes invented data as a sender of records would hold it: 1,000 patents and 100 needs.

python examples/invented.py          # patents.json and needs.json in the present folder
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PARTS = ("轴承座", "密封圈", "联轴器", "冷却板", "喷嘴", "过滤器", "夹具", "传感器", "阀芯", "换热管")
AIMS = ("防松", "耐磨", "降噪", "耐低温", "防腐", "快速更换", "在线检测", "节能", "防堵", "自清洁")
IPC = ("F16C33/10", "F16J15/32", "F16D3/50", "H01M10/613", "B05B1/00")
HOLDERS = ("示例江城理工大学", "示例楚江研究院", "示例汉北学院")
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


def number(serial: int) -> str:
    """An application number (申请号) of the year 2021 with its check digit (校验位, GB/T 专利申请号标准 ZC 0006)."""
    body = f"20211{9_800_000 + serial}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11
    return f"{body}.{'X' if rest == 10 else rest}"


def patent(serial: int) -> dict[str, Any]:
    """A patent as POST /api/v1/patents takes it."""
    part, aim = PARTS[serial % 10], AIMS[serial // 10 % 10]
    return {
        "application_number": number(serial),
        "title": f"一种{aim}{part}（{serial:04d}）",
        "kind": "发明",
        "abstract": f"本发明公开了一种{aim}{part}，在{part}上设第 {serial} 号{aim}结构，便于加工和维护。",
        "holders": [HOLDERS[serial % 3]],
        "ipc": [IPC[serial % 5]],
        "filing_date": f"2021-{serial % 6 + 1:02d}-{serial % 28 + 1:02d}",
        "grant_date": f"2023-{serial % 12 + 1:02d}-{serial % 28 + 1:02d}",
        "prefecture": "武汉市",
    }


def need(serial: int) -> dict[str, Any]:
    """A need as POST /api/v1/needs takes it, under the number of its sender."""
    part, aim = PARTS[serial % 10], AIMS[serial // 10]
    return {
        "external_id": f"SZX-2026-{serial + 1:04d}",
        "title": f"{part}的{aim}改造",
        "text": f"我公司生产线上的{part}经常停机检修，希望找到{aim}的办法，不增加体积。",
        "enterprise": f"示例{part}制造有限公司",
        "industry": "3452",
        "budget": 100_000 + 5_000 * serial,
    }


def main() -> None:
    """Writes both files."""
    for name, make, count in (("patents", patent, 1000), ("needs", need, 100)):
        records = {"records": [make(serial) for serial in range(count)]}
        Path(f"{name}.json").write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
