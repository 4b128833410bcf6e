"""Read the counts and logs of deployed counters."""
