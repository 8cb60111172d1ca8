"""Grade a class on many machines, as tasks on a Dask cluster. Dask is imported only when it is used."""
