"""Custom fields: what administrators add to record types in the browser, without code and without a new column.

A row of `core.custom_field` describes a field; its values lie under its code in the JSON column `custom` of each
record. `known` turns the descriptions into the same `Field` that code declares, so that forms, lists, filters, imports
and the API need no word about them; `stored` is how a value lies in JSON and how SQL reads it there.
"""
