"""What a PostgreSQL of some size carries: costs that are measured here, and a simulation made of them."""
