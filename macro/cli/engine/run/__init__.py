"""``hitcounter local``: deploys a template to the engine and sends requests."""
