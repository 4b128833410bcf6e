"""Compact template in, plain template out."""
