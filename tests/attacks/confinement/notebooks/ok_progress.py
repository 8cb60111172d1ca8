"""Looks at the machine and shows its progress: tqdm, psutil, platform, time, the number of cores."""

# kind: honest
# expect: works

# %%
import os
import platform
import time

import psutil
from tqdm import tqdm

# %%
for _ in tqdm(range(20)):
    time.sleep(0.001)
assert psutil.virtual_memory().total > 0
assert psutil.cpu_count()
assert os.cpu_count()
assert psutil.Process().memory_info().rss > 0
psutil.cpu_percent(interval=0.05)
print(platform.platform(), platform.node(), os.getpid(), time.strftime("%Z"))

# %%
import getpass
import sys

print(sys.version, getpass.getuser(), os.path.expanduser("~"))
print("WORKS")
