"""Open-licence declarations (开放许可声明) and what judges their eligibility."""
