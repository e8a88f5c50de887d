"""Which E a program's gradient is for: by the values that it computes, else by what fits."""
