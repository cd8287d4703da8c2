"""The two vendors' HTTP interfaces: bodies, answers, errors. Plain values only; no database, no clock of ours."""
