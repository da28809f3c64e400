"""Generations (索引版本): built, verified, switched, opened."""
