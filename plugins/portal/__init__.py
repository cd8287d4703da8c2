"""The clients' own side of the site: sign-in, cases, documents, confirmations, bills, questions, and its log."""
