"""Parse, merge and report `.env` files, and compare how different readers understand them."""
