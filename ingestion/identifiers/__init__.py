"""Identifiers in the shape of python-stdnum: one module each with compact, validate, is_valid and format."""
