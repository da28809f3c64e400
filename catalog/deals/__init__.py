"""Deals (交易): licences, transfers and contributions with their money, filings and evidence."""
