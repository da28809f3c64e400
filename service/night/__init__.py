"""The nightly batch: inbox, stages, report."""
