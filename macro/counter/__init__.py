"""What the author wrote about a counter, read and validated."""
