"""Making a deployment ready: schema, data that everybody needs, demo data, the first administrator."""
