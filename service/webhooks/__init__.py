"""Sending events to their receivers: signatures, one POST, the sender and its thread in the service."""
