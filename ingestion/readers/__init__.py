"""Any file becomes sheets of rows."""
