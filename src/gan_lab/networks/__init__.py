"""Generators and discriminators, built from an image shape and injected factories."""
