"""Writing: batches of records to a file that appears whole or not at all."""
