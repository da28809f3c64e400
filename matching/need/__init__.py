"""Reading a need: cleaning, elements, coverage, questions, combinations."""
