"""Answers by mail: addresses that name a record, what a mail says, what becomes of it, and fetching from a mailbox."""
