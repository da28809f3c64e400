"""What the index reads of the catalogue, and what has changed since it was built."""
