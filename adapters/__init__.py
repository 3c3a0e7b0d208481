"""What a member runs: connectors for its files, and the gateway that holds its keys."""
