"""Twenty notebooks as authors of public MNIST notebooks would have answered this assignment; see `build`."""
