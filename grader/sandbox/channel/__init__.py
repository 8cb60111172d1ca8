"""Speak with a kernel: messages, a client, outputs, replies and events, all bounded in size."""
