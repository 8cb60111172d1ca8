"""Run the whole notebook and record it; the reference's own run."""
