"""Sources that are not text: arrays, NPZ and Parquet."""
