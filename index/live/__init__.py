"""What has changed since the generation in use was built."""
