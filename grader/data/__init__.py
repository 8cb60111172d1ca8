"""MNIST, from wherever it is to be had: the sample beside this file, a folder, or the download cache."""

from grader.data.sources import DataError, DataSource, MnistArrays, fetch, find_data, load_arrays

__all__ = ["DataError", "DataSource", "MnistArrays", "fetch", "find_data", "load_arrays"]
