"""What many runs show: estimates with intervals, paired comparisons, sentences made from them."""
