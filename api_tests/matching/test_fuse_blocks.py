"""The compiled fusion is the readable one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.fuse import reciprocal_rank_fusion
from matching.fuse_blocks import fuse_blocks


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 40), st.data())
def test_fused_blocks_equal_the_fusion_of_each_query(
    seed: int, documents: int, top: int, data: st.DataObject
) -> None:
    random = np.random.default_rng(seed)
    queries, depth = data.draw(st.integers(1, 5)), data.draw(st.integers(0, documents))
    dense = np.stack([random.permutation(documents)[:depth] for _ in range(queries)])
    counts = random.integers(0, documents + 1, queries).astype(np.int32)
    lexical = np.stack([random.permutation(documents) for _ in range(queries)]).astype(np.int32)
    # The same order in both rankings, and its reverse, tie as often as can be.
    first = data.draw(st.sampled_from([dense[0], dense[0][::-1], dense[0][:0]]))
    lexical[0] = [*first, *(row for row in lexical[0] if row not in first)]

    rows, scores, found, (dense_ranks, lexical_ranks) = fuse_blocks(dense, lexical, counts, top, documents)

    for query in range(queries):
        by_words = lexical[query, : counts[query]].astype(np.int64)
        expected, expected_scores = reciprocal_rank_fusion([by_words, dense[query]])
        count = found[query]
        assert count == min(top, len(expected))
        np.testing.assert_array_equal(rows[query, :count], expected[:count])
        np.testing.assert_array_equal(scores[query, :count], expected_scores[:count])
        for row, place, lexical_place in zip(
            rows[query, :count], dense_ranks[query], lexical_ranks[query], strict=False
        ):
            assert place == (dense[query].tolist().index(row) + 1 if row in dense[query] else 0)
            assert lexical_place == (by_words.tolist().index(row) + 1 if row in by_words else 0)
