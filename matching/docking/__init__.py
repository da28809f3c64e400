"""Docking activities (供需对接活动): who meets whom, when and at which table, with a proven gap and a check of its own."""
