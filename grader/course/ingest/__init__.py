"""Read the downloads of the common course systems: folders and archives become submissions."""
