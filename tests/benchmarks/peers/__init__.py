"""What bench_peers.py needs: the notebooks with the checks on them, the tools that run them, and tables of the times."""
