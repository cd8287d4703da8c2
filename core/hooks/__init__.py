"""Hooks: their specs, manifests, resolving, calling with an error policy, and migrations."""
