"""Figures by industry segment: patents and needs, matches, contracts."""
