"""All pairs of needs and patents at night, and classes from text."""
