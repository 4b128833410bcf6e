"""Replacing or adding a few files in a zip archive while every other member keeps its packed bytes."""
