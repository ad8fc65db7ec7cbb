"""`apportion up`: broker, processors and store on one machine, started in order and kept running.

It supervises processes and knows nothing of what they compute. The way in is `stack.Stack`.
"""
