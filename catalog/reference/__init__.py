"""Reference lists and rule files, as data with their source."""
