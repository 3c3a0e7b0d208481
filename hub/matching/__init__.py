"""Is this the same young person? Answered on keyed hashes alone; pure."""
