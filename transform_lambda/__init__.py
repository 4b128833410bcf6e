"""The custom resources behind a plain template."""
