"""Applying batches of register rows to the catalogue, and undoing them."""
