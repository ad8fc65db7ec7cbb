"""One pure file per dialect: what it says a call used, as a `Usage`. No I/O.

Nothing that is returned here, and nothing in an error, holds text of a prompt or an answer.
"""
