"""Background work: jobs in the database, RQ as their transport, schedules, and the private Valkey."""
