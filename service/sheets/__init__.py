"""Everything that leaves as Excel or Word."""
