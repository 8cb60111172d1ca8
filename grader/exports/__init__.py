"""Write files that course systems take: their own gradebooks filled in, feedback for students."""
