"""A forward pass of BERT for the processor, 1.5 to 2 times as fast as the generic one.

Same weights, same result. What it saves: query, key and value are one product; the weights are laid out for
oneDNN once instead of at every call; GELU happens inside the product before it; and attention gets contiguous
heads and an additive mask for the whole batch, without which torch converts a mask for every pair of tokens.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from torch import Tensor, nn
from transformers import BertModel

_MASKED = -30_000.0


class _Linear(NamedTuple):
    weight: Tensor
    bias: Tensor

    def __call__(self, rows: Tensor, activation: str = "none") -> Tensor:
        # The operator that torch.compile puts in place of nn.Linear on processors.
        product: Tensor = torch.ops.mkldnn._linear_pointwise(
            rows, self.weight, self.bias, activation, [], "none"
        )
        return product


class _Layer(NamedTuple):
    query_key_value: _Linear
    attention: _Linear
    attention_norm: nn.LayerNorm
    intermediate: _Linear
    output: _Linear
    output_norm: nn.LayerNorm


class FastBert:
    """Mean-pooled sentence vectors of a BERT model; use it only where ``supports`` is true."""

    def __init__(self, model: SentenceTransformer) -> None:
        bert: Any = model[0].model
        self._embeddings = bert.embeddings
        self._heads: int = bert.config.num_attention_heads
        self._layers = [_packed(layer) for layer in bert.encoder.layer]

    @staticmethod
    def supports(model: SentenceTransformer) -> bool:
        """Whether ``model`` is a plain BERT encoder with mean pooling, in a format this processor has."""
        transformer, *rest = model
        return (
            isinstance(transformer, Transformer)
            and type(transformer.model) is BertModel
            and transformer.model.config.hidden_act == "gelu"
            and not transformer.model.config.is_decoder
            and model.truncate_dim is None
            and _is_mean_pooling(rest)
            and _has_operators(transformer.model.dtype)
        )

    def __call__(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return float32 vectors (n, d), not yet of unit length, of token ids and their mask (n, tokens)."""
        count, length = input_ids.shape
        hidden = self._embed(input_ids).view(count * length, -1)
        mask = _additive(attention_mask, hidden.dtype)
        for layer in self._layers:
            hidden = self._forward(layer, hidden, count, mask)
        weights = attention_mask.unsqueeze(-1)
        summed = (hidden.view(count, length, -1).float() * weights).sum(1)
        return summed / weights.sum(1)

    def _embed(self, input_ids: Tensor) -> Tensor:
        parts = self._embeddings
        places = (
            parts.position_embeddings.weight[: input_ids.shape[1]] + parts.token_type_embeddings.weight[0]
        )
        embedded: Tensor = parts.LayerNorm(parts.word_embeddings(input_ids) + places)
        return embedded

    def _forward(self, layer: _Layer, hidden: Tensor, count: int, mask: Tensor | None) -> Tensor:
        attended = layer.attention(self._attend(layer.query_key_value(hidden), count, mask))
        hidden = layer.attention_norm(attended.add_(hidden))
        expanded = layer.intermediate(hidden, "gelu")
        normed: Tensor = layer.output_norm(layer.output(expanded).add_(hidden))
        return normed

    def _attend(self, rows: Tensor, count: int, mask: Tensor | None) -> Tensor:
        width = rows.shape[1] // 3
        heads = rows.view(count, -1, 3, self._heads, width // self._heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4).contiguous()
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return attended.transpose(1, 2).reshape(-1, width)


def _is_mean_pooling(modules: list[nn.Module]) -> bool:
    match modules:
        case [Pooling() as pooling] | [Pooling() as pooling, Normalize()]:
            return bool(pooling.pooling_mode == "mean" and pooling.include_prompt)
    return False


def _has_operators(dtype: torch.dtype) -> bool:
    operators = torch.ops.mkldnn
    if not all(hasattr(operators, name) for name in ("_linear_pointwise", "_reorder_linear_weight")):
        return False
    return dtype is torch.float32 or bool(operators._is_mkldnn_bf16_supported())


def _packed(layer: Any) -> _Layer:
    attention = layer.attention
    parts = [attention.self.query, attention.self.key, attention.self.value]
    joined = _pack(torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts]))
    dense = [attention.output.dense, layer.intermediate.dense, layer.output.dense]
    attended, intermediate, output = (_pack(linear.weight, linear.bias) for linear in dense)
    return _Layer(joined, attended, attention.output.LayerNorm, intermediate, output, layer.output.LayerNorm)


def _pack(weight: Tensor, bias: Tensor) -> _Linear:
    return _Linear(torch.ops.mkldnn._reorder_linear_weight(weight.detach(), None), bias.detach())


def _additive(attention_mask: Tensor, dtype: torch.dtype) -> Tensor | None:
    """Return what is added to the scores of padding (n, 1, 1, tokens), or None when there is none."""
    if bool(attention_mask.all()):
        return None
    padding = attention_mask[:, None, None] == 0
    return torch.zeros(padding.shape, dtype=dtype).masked_fill_(padding, _MASKED)
