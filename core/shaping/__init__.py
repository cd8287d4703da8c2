"""Shaping without code: what administrators change in the browser of forms, pages, lists, choices and numbers.

Each change is one row of `core.shape`, kept as data and applied when a view, a choice or a number is asked for, in
every process within a second. Nothing here decides rights: what a layout hides can still be read elsewhere.
"""
