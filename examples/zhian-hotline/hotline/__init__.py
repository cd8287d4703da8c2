"""Calls of the telephone system. Offers nothing to import."""
