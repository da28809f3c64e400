"""The values of a cell: dates, sums, names, places."""
