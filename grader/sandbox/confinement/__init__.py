"""Confine a kernel: namespaces, Landlock, seccomp and resource limits."""
