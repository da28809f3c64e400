"""Catalogue text -> a searchable generation: encoder, vector index, lexical index, generations, build."""
