"""Conflicts under a number: shown beside what is stored, and decided."""
