"""Changes of records in their order (变更记录): noted by the database, read by the index and by other systems."""
