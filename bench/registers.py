"""Invented registers of any length for benchmarks: patents, enterprises and needs as their offices list them."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from ingestion.identifiers import credit_code
from ingestion.identifiers.application_number import check_digit

DEMO = Path(__file__).resolve().parent.parent / "demo"
PLACES = [
    ("湖北省", "武汉市", "洪山区"),
    ("湖北省", "宜昌市", "西陵区"),
    ("广东省", "深圳市", "南山区"),
    ("江苏省", "南京市", "鼓楼区"),
    ("湖北省", "荆门市", "东宝区"),
]
SURNAMES, GIVEN = "赵钱孙李周吴郑王", "甲乙丙丁戊己庚辛壬癸"


def patents(count: int, seed: int) -> Iterator[list[str]]:
    """A header, then patents with titles and abstracts shuffled from the demonstration patents."""
    chance = random.Random(seed)
    demo = [record for record in _demo("patents") if "IPC分类号" in record]
    yield [
        "申请号",
        "名称",
        "摘要",
        "申请（专利权）人",
        "发明（设计）人",
        "地址",
        "分类号",
        "申请日",
        "公开（公告）号",
        "公开（公告）日",
    ]
    for serial in range(count):
        record, other = chance.choice(demo), chance.choice(demo)
        year, month = chance.randint(2005, 2022), chance.randint(1, 12)
        symbols = record["IPC分类号"].split("; ")
        body = f"{year}1{serial:07d}" if serial else f"{year}1{9_900_000:07d}"
        yield [
            f"{body}.{check_digit(body)}",
            f"第{serial}号{record['专利名称']}",
            other["摘要"],
            f"{record['专利权人']};示例{serial % 20_000}有限公司",
            ";".join(_person(chance) for _ in range(chance.randint(1, 4))),
            f"430070{''.join(chance.choice(PLACES))}示例路{serial}号",
            "; ".join([*symbols, chance.choice(demo)["IPC分类号"].split(";")[0]][-chance.randint(1, 4) :]),
            f"{year}.{month:02d}.15",
            f"CN1{serial:08d}A",
            f"{year + 1}.{month:02d}.20",
        ]


def enterprises(count: int, seed: int) -> Iterator[list[str]]:
    """A header, then enterprises with codes, places and products like those of the demonstration."""
    chance = random.Random(seed)
    demo = list(_demo("enterprises"))
    yield [
        "企业名称",
        "统一社会信用代码",
        "认定类型",
        "所在地市",
        "所在区县",
        "地址",
        "行业代码",
        "从业人员数",
        "营业收入（万元）",
        "成立日期",
        "主要产品",
        "联系人",
        "联系电话",
    ]
    for serial in range(count):
        record, (province, city, county) = chance.choice(demo), chance.choice(PLACES)
        yield [
            _firm(serial),
            _code(serial),
            record.get("资质", ""),
            city,
            county,
            f"{province}{city}{county}示例路{serial}号",
            record["行业代码"],
            str(chance.randint(20, 900)),
            str(chance.randint(500, 90_000)),
            f"{chance.randint(1995, 2020)}-{chance.randint(1, 12):02d}-15",
            record["主要产品"],
            _person(chance),
            f"1380000{serial % 10_000:04d}",
        ]


def needs(count: int, seed: int) -> Iterator[list[str]]:
    """A header, then needs, three of each firm; half of the firms are those of as many enterprises."""
    chance = random.Random(seed)
    demo = list(_demo("needs"))
    yield [
        "需求编号",
        "需求名称",
        "需求描述",
        "企业名称",
        "所在地市",
        "行业代码",
        "预算（万元）",
        "合作方式",
        "发布日期",
        "截止日期",
        "联系人及电话",
    ]
    for serial in range(count):
        record, other = chance.choice(demo), chance.choice(demo)
        firm = serial // 3 + (count if serial % 2 else 0)
        yield [
            f"示例需求-{serial}",
            f"第{serial}号{record['需求名称']}",
            other["需求描述"],
            _firm(firm),
            chance.choice(PLACES)[1],
            record["行业代码"],
            str(chance.randint(5, 500)),
            record["合作方式"],
            f"2026-{chance.randint(1, 12):02d}-15",
            f"2027-{chance.randint(1, 12):02d}-15",
            f"{_person(chance)} 1380000{serial % 10_000:04d}",
        ]


REGISTERS: dict[str, Callable[[int, int], Iterator[list[str]]]] = {
    "patents": patents,
    "enterprises": enterprises,
    "needs": needs,
}


def write(path: Path, kind: str, count: int, seed: int) -> None:
    """Write a register as csv."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(REGISTERS[kind](count, seed))


def _demo(kind: str) -> Iterator[dict[str, str]]:
    return map(json.loads, (DEMO / f"{kind}.jsonl").read_text("utf-8").splitlines())


def _person(chance: random.Random) -> str:
    return f"{chance.choice(SURNAMES)}示{chance.choice(GIVEN)}"


def _firm(serial: int) -> str:
    return f"示例第{serial}精密设备有限公司"


def _code(serial: int) -> str:
    organisation = f"D{serial:07d}"
    body = f"91420100{organisation}{credit_code.organisation_check_digit(organisation)}"
    return body + credit_code.check_digit(body)
