"""Speed of the encoder against `SentenceTransformer.encode` with its defaults, in one run.

    python -m bench.encoder [--texts 512] [--rounds 3]

Texts are real abstracts (of the demonstration without PATENTDOCK_REALDATA). All contenders embed a
block of 64 texts before the next block comes, so that other work on the machine hits them alike; a rate is the median over
the blocks, a ratio the median of the blocks' ratios. The peak is that of a product of bfloat16 matrices in the same run. The
peer gets the same prompt, without which its vectors would be others. Single needs run on one thread, each text once.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from bench import memory
from bench.packaged_model import packaged_model
from bench.realdata import real_file
from index.model.encoder import Encoder
from index.text_encoder import Precision

ROOT = Path(__file__).resolve().parent.parent
BLOCK = 64
PROMPT, QUERY_PROMPT = "passage: ", "query: "
Vectors = NDArray[np.float32]


@dataclass
class Contender:
    """One way to embed, on so many threads, with the seconds of each block and the vectors."""

    name: str
    threads: int
    encode: Callable[[Sequence[str]], Vectors]
    seconds: list[float] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)

    def run(self, texts: Sequence[str]) -> None:
        """Embed a block by the clock."""
        torch.set_num_threads(self.threads)
        start = time.perf_counter()
        vectors = self.encode(texts)
        self.seconds.append(time.perf_counter() - start)
        self.vectors.append(vectors)


def _lines(path: Path | None) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path else []


def _abstracts(count: int) -> list[str]:
    texts = [row["abstract"] for row in _lines(real_file("patents_dev.jsonl"))] or [
        row["摘要"] for row in _lines(ROOT / "demo/patents.jsonl")
    ]
    return texts[: min(count, len(texts)) // BLOCK * BLOCK]


def _needs() -> list[str]:
    own = [
        row["text"]
        for name in (".", "real_language")
        for row in _lines(ROOT / "evaluation" / name / "queries.jsonl")
    ]
    demo = [f"{row['需求名称']}。{row['需求描述']}" for row in _lines(ROOT / "demo" / "needs.jsonl")]
    return list(dict.fromkeys(own + demo))


def _peer(model: Path) -> SentenceTransformer:
    return SentenceTransformer(str(model), device="cpu", local_files_only=True)


def _peer_passages(peer: SentenceTransformer) -> Callable[[Sequence[str]], Vectors]:
    def encode(texts: Sequence[str]) -> Vectors:
        vectors: Vectors = peer.encode(list(texts), prompt=PROMPT, show_progress_bar=False)
        return vectors

    return encode


def _operations(encoder: Encoder, config: Any, texts: Sequence[str]) -> float:
    """Multiplications and additions in the matrix products of these texts, without padding."""
    lengths = np.minimum(encoder.count_tokens(texts), encoder.max_tokens).astype(np.float64)
    hidden, inner = config.hidden_size, config.intermediate_size
    layers = config.num_hidden_layers
    linear = 2 * (4 * hidden * hidden + 2 * hidden * inner) * lengths
    attention = 2 * 2 * hidden * lengths * lengths
    return float(np.sum(layers * (linear + attention)))


def _peak(threads: int) -> float:
    """Operations a second of a large product of bfloat16 matrices."""
    torch.set_num_threads(threads)
    left, right = (torch.randn(2048, 2048).bfloat16() for _ in range(2))
    torch.mm(left, right)
    seconds = []
    for _ in range(8):
        start = time.perf_counter()
        torch.mm(left, right)
        seconds.append(time.perf_counter() - start)
    return float(2 * 2048**3 / median(seconds))


def _cosines(first: Contender, second: Contender) -> Vectors:
    unit = [np.concatenate(one.vectors) for one in (first, second)]
    unit = [vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in unit]
    cosines: Vectors = np.sum(unit[0] * unit[1], axis=1)
    return cosines


def _passages(model: Path, precision: Precision, texts: list[str], rounds: int) -> None:
    cores = os.cpu_count() or 1
    peer = _peer(model)
    encoder = Encoder.load(model, precision=precision)
    exact = Encoder.load(model)
    contenders = [
        Contender("SentenceTransformer.encode", cores, _peer_passages(peer)),
        Contender(f"ours, {precision.dtype}", cores, encoder.encode_passages),
        Contender("ours, float32", cores, exact.encode_passages),
    ]
    if cores > 1:
        contenders += [
            Contender("SentenceTransformer.encode", 1, contenders[0].encode),
            Contender(f"ours, {precision.dtype}", 1, encoder.encode_passages),
        ]
    blocks = [texts[start : start + BLOCK] for start in range(0, len(texts), BLOCK)]
    for contender in contenders:
        contender.run(blocks[0])
        contender.seconds.clear()
        contender.vectors.clear()
    peaks: dict[int, list[float]] = {contender.threads: [] for contender in contenders}
    for _ in range(rounds):
        for block in blocks:
            for contender in contenders:
                contender.run(block)
            for threads, figures in peaks.items():
                figures.append(_peak(threads))
    transformer: Any = peer[0]
    config = transformer.auto_model.config
    work = [_operations(encoder, config, block) for block in blocks] * rounds
    tokens = [sum(encoder.count_tokens(block)) for block in blocks] * rounds
    print(
        f"{'':30}{'threads':>8}{'docs/s':>8}{'tokens/s':>10}{'of peak':>9}{'ratio':>7}{'cosine mean':>13}{'least':>9}"
    )
    for contender in contenders:
        # The peer on as many threads.
        matching_peer = next(one for one in contenders if one.threads == contender.threads)
        ratio = median(
            slow / fast for slow, fast in zip(matching_peer.seconds, contender.seconds, strict=True)
        )
        peak = median(peaks[contender.threads])
        share = median(done / seconds / peak for done, seconds in zip(work, contender.seconds, strict=True))
        docs = median(BLOCK / seconds for seconds in contender.seconds)
        rate = median(count / seconds for count, seconds in zip(tokens, contender.seconds, strict=True))
        cosines = _cosines(contenders[0], contender)
        print(
            f"{contender.name:30}{contender.threads:8}{docs:8.1f}{rate:10.0f}{share:9.1%}{ratio:7.2f}"
            f"{cosines.mean():13.5f}{cosines.min():9.5f}"
        )
    for threads, rates in peaks.items():
        print(f"bfloat16 matrix product on {threads} threads: {median(rates) / 1e12:.2f} Tflop/s")


def _queries(model: Path, precision: Precision) -> None:
    """Milliseconds of single needs, one thread; every text is encoded once, so that no cache helps."""
    torch.set_num_threads(1)
    peer = _peer(model)
    encoder = Encoder.load(model, threads=1, precision=precision)
    calls: dict[str, Callable[[str], object]] = {
        "SentenceTransformer.encode": lambda text: peer.encode(
            [text], prompt=QUERY_PROMPT, show_progress_bar=False
        ),
        f"ours, {precision.dtype}": lambda text: encoder.encode_queries([text]),
    }
    needs = _needs()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for at, text in enumerate(["预热。" + text for text in needs[:16]] + needs):
        for name, call in calls.items():
            start = time.perf_counter()
            call(text)
            if at >= 16:
                times[name].append((time.perf_counter() - start) * 1000)
    length = median(encoder.count_tokens(needs))
    print(f"\nsingle needs, {len(needs)} of {length:.0f} tokens (median), one thread: ms")
    for name, figures in times.items():
        print(f"{name:30}p50 {median(figures):7.2f}  p95 {quantiles(figures, n=20)[-1]:7.2f}")
    start = time.perf_counter()
    encoder.encode_queries(needs[-1:])
    print(f"{'ours, the same text again':30}    {(time.perf_counter() - start) * 1000:7.3f}")


def _memory(ours: bool, texts: list[str]) -> float:
    """Megabytes at the peak of a process that loads one contender and embeds the texts."""
    model, precision = packaged_model()
    if ours:
        Encoder.load(model, precision=precision).encode_passages(texts)
    else:
        _peer_passages(_peer(model))(texts)
    return memory.of_process().peak


def main() -> None:
    """Embed, compare, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    model, precision = packaged_model()
    texts = _abstracts(options.texts)
    print(f"{len(texts)} abstracts, {model.name}; {precision.dtype}: {precision.reason}")
    _passages(model, precision, texts, options.rounds)
    _queries(model, precision)
    for name, ours in (("SentenceTransformer.encode", False), ("ours", True)):
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            print(f"{name:30}peak memory {pool.submit(_memory, ours, texts[:256]).result():.0f} MB")


if __name__ == "__main__":
    main()
