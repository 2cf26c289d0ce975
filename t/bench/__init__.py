"""What the shop costs and how fast it is, measured on private servers; t/bench/run."""
