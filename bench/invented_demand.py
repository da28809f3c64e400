"""Invented needs and enterprises of the sizes that registers have, from the texts of the demonstration records."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.identifiers import credit_code

ROOT = Path(__file__).resolve().parent.parent
FIRMS_OF_NEEDS = 20_000
NEED_HEADER = [
    "需求编号",
    "企业名称",
    "需求名称",
    "需求描述",
    "企业地址",
    "行业代码",
    "预算（万元）",
    "合作方式",
    "发布日期",
    "截止日期",
    "联系人",
]
ENTERPRISE_HEADER = [
    "企业名称",
    "统一社会信用代码",
    "资质",
    "省份",
    "城市",
    "地址",
    "行业代码",
    "从业人员数",
    "营业收入（万元）",
    "成立日期",
    "主要产品",
]
CITIES = [
    ("湖北省", "武汉市", "洪山区"),
    ("湖北省", "宜昌市", "西陵区"),
    ("广东省", "深圳市", "南山区"),
    ("江苏省", "南京市", "鼓楼区"),
]


def needs(count: int, seed: int) -> Iterator[list[str]]:
    """Rows of a register of needs, of `FIRMS_OF_NEEDS` enterprises."""
    chance, demo = random.Random(seed), _demo("needs")
    for serial in range(count):
        record, other = chance.choice(demo), chance.choice(demo)
        month = chance.randint(1, 12)
        yield [
            f"测试需求-{serial:07d}",
            f"示例{serial % FIRMS_OF_NEEDS}有限公司",
            f"第{serial}号{record['需求名称']}",
            other["需求描述"],
            f"{''.join(chance.choice(CITIES))}示例路{serial % FIRMS_OF_NEEDS}号",
            record["行业代码"],
            str(chance.randint(5, 500)),
            chance.choice(["许可", "转让", "不限", "技术开发"]),
            f"2026-{month:02d}-15",
            f"2027-{month:02d}-15",
            f"示例联系人{serial % 100}",
        ]


def enterprises(count: int, seed: int) -> Iterator[list[str]]:
    """Rows of a register of enterprises."""
    chance, demo = random.Random(seed), _demo("enterprises")
    for serial in range(count):
        record = chance.choice(demo)
        province, city, district = chance.choice(CITIES)
        organisation = f"{serial:08d}"
        body = f"91420100{organisation}{credit_code.organisation_check_digit(organisation)}"
        yield [
            f"示例{serial}有限公司",
            body + credit_code.check_digit(body),
            record["资质"],
            province,
            city,
            f"{province}{city}{district}示例路{serial}号",
            record["行业代码"],
            str(chance.randint(5, 3000)),
            str(chance.randint(100, 99_999)),
            f"{chance.randint(1990, 2022)}-{chance.randint(1, 12):02d}-20",
            record["主要产品"],
        ]


def _demo(kind: str) -> list[dict[str, Any]]:
    """The demonstration records of a kind; what some lack is empty."""
    lines = (ROOT / "demo" / f"{kind}.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    names = {name for record in records for name in record}
    return [dict.fromkeys(names, "") | record for record in records]
