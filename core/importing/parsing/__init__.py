"""What runs inside the parsing child: turns an uploaded file into rows of plain cells.

Nothing here may import the rest of the product: the child starts small and dies alone.
"""
