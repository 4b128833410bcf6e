"""The ``hitcounter`` command. It runs on a developer's machine and is left out of the Lambda zip."""
