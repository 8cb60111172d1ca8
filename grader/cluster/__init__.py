"""A class on many machines: gradings as tasks of a Dask cluster. Only `driver` and `task` import Dask, when they are used."""
