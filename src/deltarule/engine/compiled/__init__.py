"""The compiled engine: one network, loss, rule and optimiser become one machine program."""
