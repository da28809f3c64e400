"""Which column plays which role: names, content, saved mappings."""
