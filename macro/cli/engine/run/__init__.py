"""Deploy a template to the engine and send requests to it, for ``hitcounter local``."""
