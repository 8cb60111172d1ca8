"""Record what a notebook does: passes over loaders, models, figures and scores."""
