"""The role of each column: names, content, saved mappings."""
