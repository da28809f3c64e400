"""What is known: one module per noun, each with its tables, schemas and queries in one place."""
