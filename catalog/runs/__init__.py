"""Nightly runs, their matches, and the generations of the index."""
