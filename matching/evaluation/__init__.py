"""Retrieval quality: metrics, benchmark, suite, canaries."""
