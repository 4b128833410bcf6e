"""Handle late, repeated and cancelled requests with a fence, a ledger and their record."""
