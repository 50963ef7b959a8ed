"""One field at a time: what `record` does for whole records, done for a column of values."""
