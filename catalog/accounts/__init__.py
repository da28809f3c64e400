"""API keys (密钥)."""
