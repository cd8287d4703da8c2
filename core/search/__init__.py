"""Search over all records: words and readings, one index for both databases, how it is kept, asked and ranked."""
