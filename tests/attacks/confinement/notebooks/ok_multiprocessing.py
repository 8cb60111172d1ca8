"""Uses processes and threads of its own: Pool, Process with a Queue, a process pool, shared memory, locks."""

# kind: honest
# expect: works
# seconds: 20

# %%
import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import shared_memory

# %%
with multiprocessing.Pool(2) as pool:
    assert pool.map(math.sqrt, [1, 4, 9]) == [1, 2, 3]

# %%
queue = multiprocessing.Queue()
process = multiprocessing.Process(target=queue.put, args=("hello",))
process.start()
assert queue.get(timeout=5) == "hello"
process.join()

# %%
with ProcessPoolExecutor(2) as processes, ThreadPoolExecutor(4) as threads:
    assert list(processes.map(math.factorial, [3, 4])) == [6, 24]
    assert list(threads.map(math.factorial, [3, 4])) == [6, 24]
memory = shared_memory.SharedMemory(create=True, size=1000)
memory.buf[0] = 7
memory.close()
memory.unlink()
print("WORKS")
