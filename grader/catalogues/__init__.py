"""Find the sentences that people read, and keep the catalogues of their translations up to date."""
