"""Record where a result came from: digests, signatures, installation, environment."""
