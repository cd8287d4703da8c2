"""Small records with rules of every kind, for the tests of the core."""
