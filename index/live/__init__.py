"""The overlay (变更叠加) of recent changes on the generation in use."""
