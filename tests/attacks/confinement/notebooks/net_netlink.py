"""Asks the kernel for the machine's interfaces, routes and sockets by netlink and ioctl."""

# kind: network
# expect: blocked
# harmless: yes

# %%
import socket
import struct
from pathlib import Path

from attack import attempt_any


def foreign_interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex() if name not in ("lo", "sit0", "tunl0", "ip6tnl0", "gre0")]


def foreign_sockets() -> bytes:
    """All TCP sockets, by sock_diag: 4 is NETLINK_SOCK_DIAG."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as link:
        link.settimeout(1)
        body = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + bytes(48)
        link.send(struct.pack("=IHHII", 16 + len(body), 20, 0x301, 1, 0) + body)
        answer = link.recv(65536)
    kind = struct.unpack_from("=H", answer, 4)[0]
    return answer if kind == 20 else b""  # 2 is an error, 3 the end of an empty list


# %%
attempt_any("interfaces of the machine", foreign_interfaces)
attempt_any("sockets of the machine", foreign_sockets)

# %%
attempt_any("routes of the machine", lambda: Path("/proc/net/route").read_text().splitlines()[1:])
attempt_any("TCP table", lambda: Path("/proc/net/tcp").read_text().splitlines()[1:])
