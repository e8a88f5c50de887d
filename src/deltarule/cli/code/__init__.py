"""What the user hands over: code, formulas, parameters and gradients."""
