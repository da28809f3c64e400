"""Segment catalogues as files, and reclassification by them."""
