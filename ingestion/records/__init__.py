"""Cells by role become checked records, one file a noun."""
