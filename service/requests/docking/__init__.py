"""What may be asked of docking activities, and what is done for it; shared by REST, command line and pages."""
