"""Answer the grader's probes inside the kernel: call models and functions, and measure what they do."""
