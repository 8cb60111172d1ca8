"""What a class handed in, as it was downloaded: folders and archives of the common systems become submissions."""
