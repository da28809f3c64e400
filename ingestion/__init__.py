"""Files and registers become catalogue rows: readers, columns, identifiers, checks, import reports."""
