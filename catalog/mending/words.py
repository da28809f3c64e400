"""Names of values and of records in messages."""

import re
from collections.abc import Collection, Iterable

from catalog.registers.register import Register

NAMED = 5
_PARTS = {
    "publications": "公开（公告）号", "holders": "专利权人", "classes": "分类", "deal": "合同内容", "receipt": "到账",
}  # fmt: skip


def labels(register: Register, names: Collection[str]) -> list[str]:
    """The Chinese names of values: the first words of their descriptions."""
    fields = register.model.model_fields
    described = ((name, fields[name].description or name) for name in names if name in fields)
    known = _PARTS | {name: re.split(r"[，；：（。]", text)[0] for name, text in described}
    return [known.get(name, name) for name in names]


def joined(texts: Iterable[str]) -> str:
    """The first of some names, and how many there are."""
    every = list(texts)
    return "、".join(every[:NAMED]) + (f" 等 {len(every)} 项" if len(every) > NAMED else "")
