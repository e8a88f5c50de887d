"""What a model's scores are worth, and what else is asked about a model once it is trained."""
