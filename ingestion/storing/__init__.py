"""Storing the rows of a file in the catalogue: from cells to records to outcomes."""
