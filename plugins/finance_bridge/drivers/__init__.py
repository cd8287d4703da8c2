"""Ways to a ledger: the neutral interface and one adapter for each kind of finance software."""
