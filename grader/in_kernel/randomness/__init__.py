"""Canonical random numbers: the harness owns initial weights and the order of training passes."""
