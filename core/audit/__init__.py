"""The audit log's proof and its readers: marks of rows, the hash chain, verification, search, export, refused access.

Rows are written by `core.records.audit`; nothing in here changes one.
"""
