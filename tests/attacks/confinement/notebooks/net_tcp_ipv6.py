"""Connects to a TCP server over IPv6, also by the IPv4-mapped address that filters for IPv4 forget."""

# kind: network
# expect: blocked
# harmless: yes

# %%
import socket

from attack import attempt, connects, target

# %%
for address in ("::1", "::ffff:127.0.0.1"):
    attempt(f"TCP to {address}", connects, socket.AF_INET6, socket.SOCK_STREAM, (address, target.tcp_port))
