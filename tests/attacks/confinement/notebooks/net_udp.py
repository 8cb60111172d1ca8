"""Sends datagrams to a socket on this machine: sendto, sendmsg and a connected socket, and by broadcast."""

# kind: network
# expect: blocked
# harmless: yes

# %%
import socket

from attack import attempt, connects, target


def send(address: str, broadcast: bool = False) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, broadcast)
        return udp.sendto(b"hello", (address, target.udp_port))


def send_message() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        return udp.sendmsg([b"hello"], [], 0, ("127.0.0.1", target.udp_port))


# %%
# Inside a network of its own a datagram may leave the socket; whether it arrives is seen from outside.
for name, function in (("sendto", lambda: send("127.0.0.1")), ("sendmsg", send_message)):
    try:
        print(name, function())
    except OSError as error:
        print("blocked:", error)
try:
    print("broadcast", send("255.255.255.255", broadcast=True))
except OSError as error:
    print("blocked:", error)

# %%
attempt("datagram outside", connects, socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53))
