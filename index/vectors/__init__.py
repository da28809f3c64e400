"""Exact search by vectors."""
