"""What runs on a developer's machine; left out of the Lambda zip."""
