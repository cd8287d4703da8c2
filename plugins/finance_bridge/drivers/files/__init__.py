"""Sheets that a person carries: what goes out as text columns, what comes in as receipts. No database here."""
