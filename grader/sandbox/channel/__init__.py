"""Communicate with a kernel: messages, a client, outputs, replies and events, all limited in size."""
