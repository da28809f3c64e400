"""Candidates of both legs and their relevance."""
