"""A need becomes ranked and explained patents, and back."""
