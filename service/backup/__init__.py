"""Backups (备份) of an installation: made while it runs, checked, restored into an empty one."""
