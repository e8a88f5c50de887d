"""What commands say of what they found, as sentences and tables."""
