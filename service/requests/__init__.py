"""What may be asked, the same for REST, command line and page."""
