"""The support bundle: what helps to find a fault, without a secret and without a person in it."""
