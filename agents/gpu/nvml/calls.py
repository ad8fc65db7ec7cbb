"""Calling pynvml: one kind of error, and its quirks with lists ended here.

pynvml's errors cannot be hashed, one of them is no NVMLError at all, and a list that is empty may
come as an error, also as the error "success".
"""

from collections.abc import Callable
from typing import TypeVar

import pynvml

from agents.errors import NvmlRefused
from agents.gpu.nvml.faults import FUNCTION_NOT_FOUND, Fault, fault_of

T = TypeVar("T")

GREW_RETRIES = 3  # a list of processes may grow between being measured and being read


def ask(function: Callable[..., T], *arguments: object) -> T:
    """Call a function of pynvml. Raises NvmlRefused and no other error of its."""
    try:
        return function(*arguments)
    except pynvml.NVMLError as error:
        raise NvmlRefused(function.__name__, error.value) from error
    except pynvml.NVMLLibraryMismatchError as error:  # the library lacks the function
        raise NvmlRefused(function.__name__, FUNCTION_NOT_FOUND) from error


def ask_list(function: Callable[..., list[T]], *arguments: object) -> list[T]:
    """Ask for a list: nothing to tell is an empty one, and one that grew is asked for again."""
    for attempt in range(1, GREW_RETRIES + 1):
        try:
            return ask(function, *arguments)
        except NvmlRefused as refused:
            fault = fault_of(refused)
            if fault is Fault.NOTHING:
                return []
            if fault is not Fault.GREW or attempt == GREW_RETRIES:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")
