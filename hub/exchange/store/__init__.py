"""Where the broker keeps what it knows: one suite of Protocols, in memory and in SQL."""
