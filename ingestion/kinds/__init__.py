"""Kinds of records that can be imported (记录种类), one module a kind."""
