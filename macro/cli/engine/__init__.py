"""The embedded engine: started, guarded, kept, and made to answer like AWS."""
