"""A small plugin that shows every kind of field, view and action; only tests enable it."""
