"""The story's writes by many clients while processes are killed with -9: `python -m tests.chaos`. No pytest here."""
