"""The embedding model: files, weights, encoder, precision."""
