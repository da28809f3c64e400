"""Programs that use the service over REST, to be copied: they know nothing of the code of the service."""
