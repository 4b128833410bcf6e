"""Draw an expanded template: counters, their plug-ins, resources, and the connections between them."""
