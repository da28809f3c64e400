"""Eligibility for an open licence (开放许可资格), with articles."""
