"""The calendar of a right: its course, term, patent years, annuities. No SQL."""
