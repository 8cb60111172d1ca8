"""A CUDA device on a machine that has none: one GPU like a T4, computed by the CPU.

A tensor 'on' the device is an ordinary CPU tensor whose storage carries a mark (`marks`). A dispatch mode sees every
operator, refuses operands on two devices in CUDA's words, computes on the CPU and marks what comes out (`operators`,
`refusals`). Attributes and methods of tensors and storages tell of the mark (`tensors`), `torch.cuda` answers for the
device (`runtime`, `streams`, `generators`). Until a notebook first touches CUDA only `torch.cuda`'s own functions are
replaced: no mode is active, and CPU code costs what it costs without.

What the device promises and what it does not stands in docs/virtual_cuda.md.
"""
