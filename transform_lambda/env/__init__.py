"""The ``.env`` file: parsed, merged, compared between readers, reported."""
