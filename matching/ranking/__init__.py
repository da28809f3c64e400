"""The order of a list: factors, near-duplicates, what is listed."""
