"""Support what Colab notebooks use: `google.colab`, shell commands, mounted drives."""
