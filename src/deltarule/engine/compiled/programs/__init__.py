"""Programs that train one network: in registers, in the lanes of vectors, or layer by layer."""
