"""The run of an import: from the sheets of a file to records, refusals and a report."""
