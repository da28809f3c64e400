"""The FastAPI application, web console, command line and settings."""
