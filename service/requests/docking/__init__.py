"""Requests about docking activities and their execution, shared by REST, command line and pages."""
