"""The template: its counters found, new resources merged, references rewritten."""
