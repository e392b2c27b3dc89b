"""What methods are made of: searches, learned perturbations, local fits."""
