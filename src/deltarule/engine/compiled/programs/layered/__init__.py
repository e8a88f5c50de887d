"""Programs for middle and large networks, layer by layer."""
