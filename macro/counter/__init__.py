"""Read and validate what the author wrote about a counter."""
