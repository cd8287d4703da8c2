"""Import of spreadsheets, JSON and XML into any record: read, map, dry run, run, undo, report."""
