"""A second reading of the rules language: slow, simple, and independent of the program that it judges."""
