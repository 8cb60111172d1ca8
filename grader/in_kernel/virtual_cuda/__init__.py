"""A CUDA device on a machine that has none: one GPU like a T4, computed by the CPU.

A tensor 'on' the device is an ordinary CPU tensor whose storage carries a mark (`marks`). A dispatch mode intercepts
every operator, refuses operands on two devices with CUDA's own errors, computes on the CPU and marks the results
(`operators`, `refusals`). Attributes and methods of tensors and storages report the mark (`tensors`, `storages`), and
`torch.cuda` describes the device (`runtime`, `streams`, `generators`). Until a notebook first uses CUDA, only functions
such as `torch.cuda`'s are replaced: no mode is active, and CPU code runs at its usual speed.

docs/virtual_cuda.md says what the device promises and what it does not.
"""
