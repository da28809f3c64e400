"""An installation: settings, runtime, checks, screening and indexing as jobs."""
