"""Imports every module that has tables, so that the metadata is complete (migrations, tests)."""

from catalog.accounts import keys as access_keys
from catalog.accounts import repeats, users
from catalog.changes import record_changes
from catalog.deals import deals, evidence
from catalog.deals import pipeline as deal_pipeline
from catalog.demand import enterprises, feedback, needs
from catalog.docking import activities, invitations, meetings, outcomes
from catalog.docking import history as activity_history
from catalog.docking.reporting import plans
from catalog.imports import changes as import_changes
from catalog.imports import conflicts, imports
from catalog.licences import history as licence_history
from catalog.licences import licences
from catalog.mending import tombstones
from catalog.registers import rows as imported_rows
from catalog.runs import generations
from catalog.runs import matches as night_matches
from catalog.runs import nights as nightly_runs
from catalog.segments import segments
from catalog.supply import facts, holder_merges, holders, patents, screenings
from catalog.webhooks import webhooks

__all__ = [
    "access_keys",
    "activities",
    "activity_history",
    "conflicts",
    "deal_pipeline",
    "deals",
    "enterprises",
    "evidence",
    "facts",
    "feedback",
    "generations",
    "holder_merges",
    "holders",
    "import_changes",
    "imported_rows",
    "imports",
    "invitations",
    "licence_history",
    "licences",
    "meetings",
    "needs",
    "night_matches",
    "nightly_runs",
    "outcomes",
    "patents",
    "plans",
    "record_changes",
    "repeats",
    "screenings",
    "segments",
    "tombstones",
    "users",
    "webhooks",
]
