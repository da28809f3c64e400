"""The files of a generation: what they should be, and whether they are."""
