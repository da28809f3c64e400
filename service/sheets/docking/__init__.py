"""The papers (纸面材料) of a docking activity, from the invitation to the report."""
