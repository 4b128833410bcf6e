"""What a template becomes, as a picture: counters, their plug-ins, resources, and what connects them."""
