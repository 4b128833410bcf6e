"""Replace or add a few files in a zip archive. All other members keep their packed bytes."""
