"""Games and machines, and what learns to steer them."""
