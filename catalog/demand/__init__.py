"""Firms (企业), their needs (技术需求), and their answers to matches."""
