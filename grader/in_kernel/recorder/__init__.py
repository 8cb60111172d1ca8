"""Record a notebook's run: passes over loaders, models, figures and scores."""
