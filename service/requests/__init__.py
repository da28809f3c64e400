"""Request models shared by REST, command line and page."""
