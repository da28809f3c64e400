"""Persistence layer: tables, schemas and queries, one module per entity."""
