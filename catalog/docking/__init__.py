"""Docking activities (供需对接活动): who is invited, who meets whom when and where, and what came of it."""
