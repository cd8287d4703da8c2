"""Records: declaration, reading, writing, numbering, audit and files."""
