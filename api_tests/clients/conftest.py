"""The tour imports a client that is there once it was generated."""

collect_ignore = ["tour.py"]
