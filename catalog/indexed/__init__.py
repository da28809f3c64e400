"""The index's view of the catalogue, and the changes since the last build."""
