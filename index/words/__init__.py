"""Exact search by words (BM25)."""
