"""Turns texts into unit vectors with a sentence-transformers model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cached_property, lru_cache, partial
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from catalog.kit.errors import PatentDockError
from catalog.kit.progress import Progress
from index.arrays import Vectors
from index.model.fast_bert import FastBert
from index.model.files import fingerprint, local_model_folder
from index.model.package import ModelUnavailableError
from index.text_encoder import Precision

# Tokens in a batch, padding included: enough to keep the matrix units busy, few enough for the cache.
BATCH_TOKENS = 2048
# Attention is twice as fast on lengths that are multiples of the matrix units' 16 rows, and oneDNN has fewer
# shapes to prepare.
_LENGTH_STEP = 16
# Questions that are embedded together for requests: further ones gain nothing (12.6 ms each of 8 and of 16 names of
# needs, 23.5 ms alone), and the first are ready the sooner.
_QUESTIONS_TOGETHER = 8
# Texts sorted by length together: padding nearly vanishes, and progress comes every few seconds.
_CHUNK_TEXTS = 2048
_CACHED_QUERIES = 4096
# Names that sentence-transformers models give the prompt of a document.
_PASSAGE_PROMPTS = ("passage", "document", "corpus")
_PROBE = "低温下充电慢，希望不析锂。"


class EncodingError(PatentDockError):
    """The model gave a vector that is not finite or has no direction."""

    title = "语义向量计算失败"
    status = 500


class Encoder:
    """A sentence-transformers model that returns unit float32 vectors; thread-safe."""

    def __init__(
        self,
        model: SentenceTransformer,
        folder: Path,
        name: str,
        precision: Precision,
        cores: int | None = None,
    ) -> None:
        """`cores` are those that many questions may take together; all by default."""
        self._model = model
        self._cores = cores or max(len(os.sched_getaffinity(0)), torch.get_num_threads())
        self._folder = folder
        self._fast = FastBert(model) if FastBert.supports(model) else None
        self._tokenizer_lock = Lock()
        self._pool_lock = Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._query_prompt = _prompt(model, ["query"])
        self._passage_prompt = _prompt(model, _PASSAGE_PROMPTS)
        self._cached_query = lru_cache(_CACHED_QUERIES)(self._encode_query)
        self.name = name
        self.precision = precision

    @classmethod
    def load(
        cls, model: str | Path, *, threads: int | None = None, precision: Precision | None = None
    ) -> Encoder:
        """Load a model by name or folder; ``threads`` sets how many cores torch uses in this process.

        Without ``precision`` the weights are float32. Raises ``ModelUnavailableError``.
        """
        precision = precision or Precision("float32", "未测量，按默认使用 float32")
        folder = local_model_folder(model)
        disable_progress_bar()  # type: ignore[no-untyped-call]  # of the weights, on standard error
        if threads is not None:
            torch.set_num_threads(threads)
        try:
            loaded = SentenceTransformer(
                str(folder),
                device="cpu",
                local_files_only=True,
                model_kwargs={"dtype": getattr(torch, precision.dtype)},
            )
        except (OSError, ValueError, ImportError, RuntimeError) as error:
            raise ModelUnavailableError(
                f"模型 {model} 无法加载：{error}",
                hint="文件可能不完整：请删除该文件夹后重新下载，或用 PATENTDOCK_MODEL 指定其他模型",
            ) from error
        return cls(loaded.eval(), folder, Path(model).name, precision, threads)

    @property
    def dimensions(self) -> int:
        """Length of the vectors."""
        dimensions = self._model.get_embedding_dimension()
        if dimensions is None:
            raise ModelUnavailableError(f"模型 {self.name} 没有说明向量维数")
        return dimensions

    @property
    def max_tokens(self) -> int:
        """Tokens the model reads of a text, prompt and special tokens included; the rest is cut off."""
        return self._model.max_seq_length or sys.maxsize

    @cached_property
    def fingerprint(self) -> str:
        """64 hex digits that change with the weights, the tokenizer or the prompts."""
        return fingerprint(self._folder)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the unit vectors (n, d) of questions and needs, in the order of ``texts``."""
        if len(texts) == 1:
            return self._cached_query(texts[0]).copy()
        return self._encode(texts, self._query_prompt, None)

    def queries_as_ready(self, texts: Sequence[str]) -> Iterator[tuple[NDArray[np.intp], Vectors]]:
        """Yield the vectors of questions, several at a time, with their places in ``texts``; the longest come first.

        Each is what ``encode_queries`` returns for it alone, bit for bit.
        """
        if len(texts) > 1 and self._rounds_alike:
            yield from self._together(_clean(texts))
            return
        for place, text in enumerate(texts):
            yield np.array([place]), self._cached_query(text)

    def _together(self, texts: list[str]) -> Iterator[tuple[NDArray[np.intp], Vectors]]:
        counts = self._count_tokens(texts, self._query_prompt)
        batches = list(_batches([min(count, self.max_tokens) for count in counts], _QUESTIONS_TOGETHER))
        # On all cores: a service lets torch use one, so that single requests do not wait for each other.
        vectors = self._encode_batches(texts, batches, self._query_prompt, self._cores)
        return zip(batches, vectors, strict=True)

    @cached_property
    def _rounds_alike(self) -> bool:
        """Whether questions embedded together get, on this machine, the very vectors that each gets alone.

        Products of matrices of more rows may be added up in another order; so it is tried out once, in half a second.
        """
        texts = [_PROBE * times for times in (*[1] * 8, 2, 2, 3, 3, 4, 5, 6, 8)]
        return all(
            np.array_equal(vector, self._encode_query(texts[place])[0])
            for places, vectors in self._together(texts)
            for place, vector in zip(places, vectors, strict=True)
        )

    def encode_passages(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return the unit vectors (n, d) of patent texts, in the order of ``texts``."""
        return self._encode(texts, self._passage_prompt, progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the tokens of each text as a passage, prompt and special tokens included, before any cut."""
        return self._count_tokens(_clean(texts), self._passage_prompt)

    def _encode_query(self, text: str) -> Vectors:
        return self._encode_batch(_clean([text]), self._query_prompt)

    def _encode(self, texts: Sequence[str], prompt: str, progress: Progress | None) -> Vectors:
        vectors = np.empty((len(texts), self.dimensions), np.float32)
        done = 0
        for start in range(0, len(texts), _CHUNK_TEXTS):
            chunk = _clean(texts[start : start + _CHUNK_TEXTS])
            batches = list(
                _batches([min(count, self.max_tokens) for count in self._count_tokens(chunk, prompt)])
            )
            encoded = self._encode_batches(chunk, batches, prompt, torch.get_num_threads())
            for rows, batch in zip(batches, encoded, strict=True):
                vectors[start + rows] = batch
                done += len(rows)
                if progress:
                    progress(done, len(texts))
        return vectors

    def _encode_batches(
        self, texts: list[str], batches: list[NDArray[np.intp]], prompt: str, cores: int
    ) -> Iterator[Vectors]:
        """Yield the vectors of each batch, on that many cores.

        Whole batches side by side are faster than cores that share one batch and wait for each other.
        """
        run = partial(self._encode_batch, prompt=prompt)
        parts = ([texts[row] for row in batch] for batch in batches)
        if len(batches) == 1 or cores == 1:
            return map(run, parts)
        with self._pool_lock:
            self._pool = self._pool or _one_core_workers(self._cores)
        return self._pool.map(run, parts)

    @torch.inference_mode()
    def _encode_batch(self, texts: list[str], prompt: str) -> Vectors:
        features = self._preprocess(texts, prompt)
        if self._fast:
            vectors = self._fast(features["input_ids"], features["attention_mask"])
        else:
            vectors = self._model(features)["sentence_embedding"].float()
        return self._unit(vectors.numpy())

    def _preprocess(self, texts: list[str], prompt: str) -> dict[str, Any]:
        options = (
            {"text": {"pad_to_multiple_of": _LENGTH_STEP}} if self.max_tokens % _LENGTH_STEP == 0 else {}
        )
        with self._tokenizer_lock:
            return self._model.preprocess(texts, prompt=prompt or None, processing_kwargs=options)

    def _unit(self, vectors: Vectors) -> Vectors:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(lengths) & (lengths > 0)):
            raise EncodingError(
                f"模型 {self.name} 对某段文本给出了无效的向量", hint="请检查模型文件或改用 float32"
            )
        unit: Vectors = vectors / lengths
        return unit

    def _count_tokens(self, texts: list[str], prompt: str) -> list[int]:
        # The fast tokenizer below the transformers one; static models have it alone. Every later call of the
        # upper one sets padding and truncation again as it needs them.
        tokenizer: Any = getattr(self._model.tokenizer, "backend_tokenizer", self._model.tokenizer)
        with self._tokenizer_lock:
            tokenizer.no_padding()
            tokenizer.no_truncation()
            return [
                len(encoding) for encoding in tokenizer.encode_batch_fast([prompt + text for text in texts])
            ]


def _one_core_workers(count: int) -> ThreadPoolExecutor:
    """Return ``count`` threads that run torch on one core each."""
    ready, before = Barrier(count), torch.get_num_threads()

    def start() -> None:
        torch.set_num_threads(1)
        ready.wait()

    pool = ThreadPoolExecutor(count, "encoder", initializer=start)
    wait([pool.submit(int) for _ in range(count)])
    # The workers keep their setting; this restores it for callers of other parts of torch.
    torch.set_num_threads(before)
    return pool


def _prompt(model: SentenceTransformer, names: Sequence[str]) -> str:
    return next((prompt for name in names if (prompt := model.prompts.get(name))), "")


def _clean(texts: Sequence[str]) -> list[str]:
    """Replace half surrogate pairs, which no tokenizer takes, by question marks."""
    return [text.encode("utf-8", "replace").decode("utf-8") for text in texts]


def _batches(token_counts: Sequence[int], most: int = BATCH_TOKENS) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of each batch, longest texts first, at most ``most`` of BATCH_TOKENS with padding."""
    order = np.argsort(-np.asarray(token_counts, np.int64), kind="stable")
    start = 0
    while start < len(order):
        size = max(1, min(most, BATCH_TOKENS // max(1, token_counts[order[start]])))
        yield order[start : start + size]
        start += size
