"""What a batch of rows of a register makes of the catalogue, and how it is taken back."""
