"""Serve the data sets that a notebook asks torchvision for, without a network."""
