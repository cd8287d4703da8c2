"""Speed of a full-sized deployment, measured against a bare endpoint: `python -m tests.bench --help`."""
