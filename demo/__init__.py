"""The demonstration data set (演示数据) that `make run` loads: invented, marked wherever it is shown.

Numbers lie in a demonstration range (serial 9900001 and above) that real filings never reach; every holder and
enterprise name begins with 示例 and no person is named.
"""

from importlib.resources import files
from pathlib import Path

from ingestion.kinds.lookup import in_turn


def path(kind: str) -> Path:
    """The file of one kind of records; not every kind has one."""
    return Path(str(files("demo") / f"{kind}.jsonl"))


def kinds() -> list[str]:
    """The kinds that have a file, in the order in which they can be imported."""
    return [kind for kind in in_turn() if path(kind).exists()]
