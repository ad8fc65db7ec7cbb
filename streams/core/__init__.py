"""The arithmetic of the product: pure functions of their arguments. No clock, no I/O, no Faust."""
