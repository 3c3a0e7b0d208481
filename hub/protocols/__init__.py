"""What two strangers must compute identically: bytes, hashes, signatures, sealing, proofs.

Pure: bytes in, values out. No clock, socket, table or setting is read in this package; time and
randomness are parameters.
"""
