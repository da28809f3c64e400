"""What may be asked of deals, declarations, verdicts and fees, and the one answer to it."""
