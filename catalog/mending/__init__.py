"""Taking back and mending: undo of imports, deletion with tombstones, restoring, merging of records."""
