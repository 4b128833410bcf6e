"""Find counters in the template, merge new resources, and rewrite references."""
