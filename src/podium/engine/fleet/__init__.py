"""Where runs are driven: the seam between the store, which places runs, and those who drive them."""
