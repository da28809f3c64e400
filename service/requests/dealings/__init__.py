"""Requests about deals, declarations, verdicts and fees, each with its one answer."""
