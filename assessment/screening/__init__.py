"""Screening of dormant patents (盘点筛选): points, weights, recommendation."""
