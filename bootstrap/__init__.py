"""Set-up before the virtual environment exists: system, Python and front-end packages. Standard library only."""
