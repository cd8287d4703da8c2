"""Saved views of lists and the columns that people chose: records, and who sees them. Lists use them in core.web."""
