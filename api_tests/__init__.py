"""All tests, one folder per package."""
