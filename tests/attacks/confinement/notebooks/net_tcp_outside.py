"""Connects to hosts outside, among them the address where cloud machines hand out their credentials."""

# kind: network
# expect: blocked

# %%
import socket

from attack import attempt, connects

# %%
for host in ("192.0.2.1", "1.1.1.1", "169.254.169.254", "2606:4700:4700::1111"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    attempt(f"TCP to {host}", connects, family, socket.SOCK_STREAM, (host, 80))
