"""Parcels that leave the house: one example of every hook. The hook reference is made from `hooks.py`."""
