"""Holders (专利权人), their patents, recorded facts, screenings and yearly reviews."""
