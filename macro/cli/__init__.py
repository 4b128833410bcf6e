"""The ``hitcounter`` command. The command runs on a developer's machine and is never in a Lambda zip."""
