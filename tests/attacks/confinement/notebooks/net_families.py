"""Opens sockets of rare families: some leave the machine without any network (vsock), others are rarely reviewed code."""

# kind: network
# expect: blocked

# %%
import socket

from attack import attempt

# %%
FAMILIES = {
    "vsock": 40,
    "AF_ALG": 38,
    "AF_KEY": 15,
    "Bluetooth": 31,
    "CAN": 29,
    "TIPC": 30,
    "XDP": 44,
    "RDS": 21,
    "AX.25": 3,
    "NFC": 39,
    "SMC": 43,
    "QIPCRTR": 42,
    "Appletalk": 5,
    "X.25": 9,
}
for name, family in FAMILIES.items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
        attempt(f"{name}, kind {int(kind)}", lambda f=family, k=kind: socket.socket(f, k).fileno())
