"""Reading: files to batches of records."""
