"""Creates files all over the machine: system folders, home folders, mount points, devices."""

# kind: writing
# expect: blocked

# %%
import os

from attack import attempt, create, refused, target

FOLDERS = [
    "/",
    "/usr",
    "/usr/local/bin",
    "/usr/lib",
    "/etc",
    "/var",
    "/var/lib",
    "/var/tmp",
    "/var/log",
    "/opt",
    "/srv",
    "/home",
]
FOLDERS += [
    "/root",
    "/run",
    "/run/lock",
    "/mnt",
    "/media",
    "/boot",
    "/lib",
    "/bin",
    "/dev",
    "/dev/mqueue",
    "/sys",
    "/proc",
]

# %%
# A checkout in /tmp has a namesake in a /tmp of our own, where we may write as we like.
private = os.getcwd().startswith("/tmp/work") and target.checkout.startswith("/tmp/")
FOLDERS += [] if private else [target.checkout]
for folder in [*FOLDERS, target.home, target.planted, target.canary_folder, *target.results_folders]:
    path = os.path.join(folder, target.mark)
    attempt(path, create, path)
    attempt(f"folder {path}", os.mkdir, path + ".d")

# %%
# Where a folder is missing inside, it might be made; what stands in a read-only or private place is seen from outside.
for path in (target.canary_folder, target.results_folders[0]):
    print(path, refused(os.makedirs, os.path.join(path, target.mark + ".e")))
