"""Canonical random numbers: the harness determines initial weights and the order of training passes."""
