"""Catalogues of industry segments (产业目录) and their versions."""
