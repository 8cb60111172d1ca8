"""Opens raw sockets, by which packets of other processes are read or forged."""

# kind: network
# expect: blocked

# %%
import os
import socket

from attack import attempt, blocked

# %%
KINDS = {
    "raw ICMP": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "raw TCP": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP),
    "raw IPv6": (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6),
    "packets": (socket.AF_PACKET, socket.SOCK_RAW, 0),
    "packets, cooked": (socket.AF_PACKET, socket.SOCK_DGRAM, 0),
}
for name, arguments in KINDS.items():
    attempt(name, lambda arguments=arguments: socket.socket(*arguments).fileno())

# %%
for device in ("/dev/net/tun", "/dev/vhost-net", "/dev/vhost-vsock"):
    attempt(device, os.open, device, os.O_RDWR) if os.path.exists(device) else blocked(device)
