"""Users, keys and roles as requests name them and as answers show them, shared by REST and command line."""
