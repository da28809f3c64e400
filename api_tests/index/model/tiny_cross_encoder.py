"""A cross-encoder of a few random weights, written as a real one is: no model hub is needed, and no sense is to be expected."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
_FIRST, _LAST = "一", "鿿"
LENGTH = 64


def write(folder: Path, labels: int = 1, layers: int = 2) -> Path:
    """Write the model into `folder`; one token a character."""
    characters = [chr(code) for code in range(ord(_FIRST), ord(_LAST) + 1)]
    _tokenizer([*_SPECIAL, *"0123456789", *characters]).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(20261122)
        config = BertConfig(
            vocab_size=len(_SPECIAL) + 10 + len(characters),
            hidden_size=16,
            num_hidden_layers=layers,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=LENGTH,
            initializer_range=1.0,
        )
        config.num_labels = labels
        BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def _tokenizer(vocabulary: list[str]) -> PreTrainedTokenizerFast:
    numbers = {token: number for number, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=True)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])],
    )
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=LENGTH, **names)  # type: ignore[no-untyped-call]
