"""What stands in a cell: dates, sums, names, places."""
