"""The images that notebooks are graded on: the sample in this folder, a folder of the user's, or the download cache."""

from grader.data.interface import Arrays, DataError
from grader.data.sources import DataSource, fetch, find_data, load_arrays

__all__ = ["Arrays", "DataError", "DataSource", "fetch", "find_data", "load_arrays"]
