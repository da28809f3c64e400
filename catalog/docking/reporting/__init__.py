"""Reports on activities: outcomes and follow-ups as users see them, figures, and the plan of the year."""
