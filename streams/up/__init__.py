"""`apportion up`: broker, processors and store on one machine, started in order and kept running.

It supervises processes and knows nothing of what they compute.
"""

from streams.up.options import Options
from streams.up.stack import Stack

__all__ = ["Options", "Stack"]
