"""Types commands into the terminal of the one who grades (TIOCSTI), and looks for any terminal to do so."""

# kind: processes
# expect: blocked

# %%
import fcntl
import glob
import os
import termios

from attack import attempt, blocked


def type_into(number: int) -> str:
    for letter in b"echo hacked\n":
        fcntl.ioctl(number, termios.TIOCSTI, bytes([letter]))
    return "typed"


# %%
attempt("/dev/tty", os.open, "/dev/tty", os.O_RDWR)
for path in ["/dev/console", *glob.glob("/dev/tty[0-9]*"), *glob.glob("/dev/pts/[0-9]*"), *glob.glob("/dev/vcs*")]:
    attempt(path, os.open, path, os.O_RDWR | os.O_NOCTTY)

# %%
for number in (0, 1, 2, 3, 4, 5):
    attempt(f"descriptor {number}", type_into, number)


# %%
# In a terminal of its own: the call itself should be gone, with the upper half of its number set as well.
try:
    main, second = os.openpty()
except OSError as error:
    blocked(error)
else:
    attempt("its own terminal", type_into, second)
    libc = __import__("ctypes").CDLL(None, use_errno=True)
    result = libc.ioctl(second, __import__("ctypes").c_ulong((1 << 32) | termios.TIOCSTI), b"x")
    attempt("with high bits", lambda: None) if result == 0 else blocked("with high bits")
    attempt("selection", fcntl.ioctl, second, 0x541C, b"\x02" + bytes(20))  # TIOCLINUX
