"""The whole database as a file, and from one database to another."""
