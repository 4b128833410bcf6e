"""The plug-ins of a counter: chosen, ordered, built, and shared between counters."""
