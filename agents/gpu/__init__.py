"""The GPU node agent: who held each GPU of this node, for how long, and how much they worked."""
