"""Choose, order and build the plug-ins of a counter, and share an API between counters."""
