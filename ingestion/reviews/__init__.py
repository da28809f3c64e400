"""Yearly reviews of holders as workbooks, out and in again."""
