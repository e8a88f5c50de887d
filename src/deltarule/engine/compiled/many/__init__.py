"""Programs that train many networks side by side, and what runs them."""
