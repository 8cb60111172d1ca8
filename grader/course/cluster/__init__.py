"""A class on many machines: gradings as tasks of a Dask cluster. Nothing here imports Dask before it is used."""
