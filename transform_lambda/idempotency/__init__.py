"""Late, repeated and cancelled requests: the fence, the ledger, and their record."""
