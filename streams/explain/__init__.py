"""How the lines of a window came to be, step by step, out of the archive.

The lines are made by the functions that draw them; steps say what those did, and are held to it.
"""
