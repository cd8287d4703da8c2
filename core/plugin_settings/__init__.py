"""Settings that plugins declare: stored typed and audited, secrets encrypted, read anew by each request and job."""
