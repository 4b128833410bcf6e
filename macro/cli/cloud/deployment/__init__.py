"""Deploys a compact template, and compares it with what is deployed."""
