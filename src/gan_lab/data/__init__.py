"""Image data sets: how each is read, and how its batches are made."""
