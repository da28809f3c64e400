"""The rows of a file on their way into the catalogue: from cells to records to what became of them."""
