"""Answer Colab's habits: `google.colab`, shell commands, mounted drives."""
