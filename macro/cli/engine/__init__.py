"""Start and guard the embedded engine, keep its state, and make it answer like AWS."""
