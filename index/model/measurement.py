"""Chooses between float32 and bfloat16 by a short measurement on the machine at hand.

On a processor with bfloat16 matrix units (AMX, Zen 5) bfloat16 embeds several times as fast as float32 with a
cosine of 0.9999; on one without it can be a hundred times slower. No list of processors keeps up, so both are
timed on a few invented texts, and the choice is remembered for this model, processor and torch.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.model.files import fingerprint, local_model_folder
from index.text_encoder import Precision

if TYPE_CHECKING:
    from index.model.encoder import Encoder

MIN_COSINE = 0.9995
"""Lowest cosine to the float32 vector of any sample text."""
MIN_GAIN = 1.2
"""How many times as fast bfloat16 must be to be worth it."""
MEMORY = "precision.json"

_ROUNDS = 3
# Below this on one short text the format is emulated: the full measurement would take minutes for nothing.
_HOPELESS_GAIN = 0.4

SAMPLES = (
    "一种用于锂离子电池隔膜的陶瓷浆料及其制备方法，浆料由氧化铝粉体、水性粘结剂、分散剂和去离子水组成，"
    "经预分散、砂磨和真空脱泡得到，涂布后隔膜在150℃下的热收缩率小于3%，提高了电池的安全性能。",
    "本实用新型公开了一种温室大棚自动卷帘装置，包括支架、卷轴、减速电机和控制箱，控制箱根据室外光照强度和"
    "棚内温度控制减速电机正反转，卷轴两端设有限位开关，结构简单，安装方便，降低了农户的劳动强度。",
    "本发明涉及一种基于机器视觉的轴承滚子表面缺陷检测方法，采集滚子旋转一周的展开图像，用自适应阈值分割出"
    "疑似区域，再由轻量卷积神经网络判定划痕、锈蚀和凹坑三类缺陷，单件检测时间不超过0.4秒。",
    "一种从赤泥中回收钪的工艺：赤泥经盐酸浸出后，用P204-TBP-煤油体系萃取，负载有机相经洗涤、反萃和草酸沉淀，"
    "在800～850℃下煅烧得到纯度99.9%以上的氧化钪，钪的总收率达到87%，尾液中和后可循环使用。",
    "寻求一种低温烟气脱硝技术，处理烟气量每小时8万立方米，入口温度120℃左右，要求出口氮氧化物低于50mg/m³。",
    "希望解决注塑件脱模后翘曲变形的问题，材料为玻纤增强尼龙，平面度要求0.15毫米以内。",
    "A method for controlling a six-axis welding robot compensates thermal deformation by a laser seam tracker.",
    "大豆分离蛋白",
)


def remembered_precision(model: str | Path, memory_dir: Path) -> Precision | None:
    """Return the choice made earlier for this model on this machine, or None."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        entries = json.loads((memory_dir / MEMORY).read_text("utf-8"))
        return Precision(**entries[_key(model)])
    return None


def choose_precision(model: str | Path, memory_dir: Path, *, threads: int | None = None) -> Precision:
    """Return the remembered choice, or measure (some seconds) and remember it in ``memory_dir``.

    Raises ``ModelUnavailableError`` when the model cannot be loaded.
    """
    precision = remembered_precision(model, memory_dir)
    if precision is None:
        precision = measure_precision(model, threads=threads)
        _remember(model, memory_dir, precision)
    return precision


def measure_precision(model: str | Path, *, threads: int | None = None) -> Precision:
    """Embed the sample texts in both formats and return the better one for this machine."""
    from index.model.encoder import Encoder

    exact, coarse = (
        Encoder.load(model, threads=threads, precision=Precision(dtype, "测量"))
        for dtype in ("float32", "bfloat16")
    )
    gain = _gain(exact, coarse, SAMPLES[-1:])
    if gain < _HOPELESS_GAIN:
        return Precision("float32", f"本机实测：bfloat16 的速度仅为 float32 的 {gain:.2f} 倍，故用 float32")
    cosines = np.sum(exact.encode_passages(SAMPLES) * coarse.encode_passages(SAMPLES), axis=1)
    return _judge(float(np.min(cosines)), _gain(exact, coarse, SAMPLES))


def _judge(cosine: float, gain: float) -> Precision:
    figures = f"bfloat16 的速度为 float32 的 {gain:.2f} 倍，最低余弦 {cosine:.5f}"
    if cosine < MIN_COSINE:
        return Precision("float32", f"本机实测：{figures}，低于要求的 {MIN_COSINE}，故用 float32")
    if gain < MIN_GAIN:
        return Precision("float32", f"本机实测：{figures}，提速不足 {MIN_GAIN} 倍，故用 float32")
    return Precision("bfloat16", f"本机实测：{figures}，故用 bfloat16")


def _gain(slow: Encoder, fast: Encoder, texts: Sequence[str]) -> float:
    """Return how many times as fast ``fast`` is, timed in turns so that a busy moment hits both alike."""
    best = {slow: float("inf"), fast: float("inf")}
    for _ in range(_ROUNDS):
        for encoder in best:
            start = time.perf_counter()
            encoder.encode_passages(texts)
            best[encoder] = min(best[encoder], time.perf_counter() - start)
    return best[slow] / best[fast]


def _key(model: str | Path) -> str:
    import torch

    return f"{fingerprint(local_model_folder(model))[:16]} {_processor()} torch {torch.__version__}"


def _processor() -> str:
    """Return the processor's name; cloud machines hide the model, so its units are named too."""
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        fields = {name.strip(): value.strip() for name, value in fields.items()}
        units = sorted(set(fields.get("flags", "").split()) & {"amx_bf16", "avx512_bf16", "avx512f", "avx2"})
        return " ".join([fields.get("model name", platform.machine()), *units])
    return platform.processor() or platform.machine()


def _remember(model: str | Path, memory_dir: Path, precision: Precision) -> None:
    """Note the choice; where nothing can be written, the next start measures again."""
    path = memory_dir / MEMORY
    entries = {}
    with suppress(OSError, ValueError):
        entries = json.loads(path.read_text("utf-8"))
    entries[_key(model)] = asdict(precision)
    fresh = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        memory_dir.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n", "utf-8")
        fresh.replace(path)
