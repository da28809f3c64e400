"""Estimates of licence fees (许可费测算) by five methods."""
