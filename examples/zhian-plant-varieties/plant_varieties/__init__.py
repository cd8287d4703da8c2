"""Plant variety rights: a case type, its fields and its deadlines. Offers nothing to import."""
