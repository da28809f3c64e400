"""From a request to ranked, explained and judged patents, and back to needs."""
