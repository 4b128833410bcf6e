"""Reads what deployed counters counted and logged."""
