"""What NVML says of the GPUs of this node, in the words of `observed`.

`NvmlReader` reads in the calling process, which a hung driver can block for ever. `WatchedReader`
keeps one in a process of its own and always answers in time.
"""
