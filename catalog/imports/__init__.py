"""Imported files (导入), their rows that were refused, and what they replaced."""
