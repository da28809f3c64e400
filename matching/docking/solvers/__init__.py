"""Solvers behind the composer: which pairs meet (flow, linear and integer programmes), and when (MaxSAT, CP-SAT, search)."""
