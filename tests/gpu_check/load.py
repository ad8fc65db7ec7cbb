"""Real work on a real GPU: `python -m tests.gpu_check.load BUSY_MS IDLE_MS`, until killed.

Needs no toolkit: the driver compiles a kernel that spins for a time, one thread on one SM. Prints
`ready` after the first one has run.
"""

import ctypes
import sys
import time

SPIN = b"""
.version 6.3
.target sm_75
.address_size 64
.visible .entry spin(.param .u64 for_ns)
{
    .reg .pred %p<2>;
    .reg .b64 %rd<5>;
    ld.param.u64 %rd1, [for_ns];
    mov.u64 %rd2, %globaltimer;
AGAIN:
    mov.u64 %rd3, %globaltimer;
    sub.s64 %rd4, %rd3, %rd2;
    setp.lt.u64 %p1, %rd4, %rd1;
    @%p1 bra AGAIN;
    ret;
}
\0"""
MILLISECOND_NS = 1_000_000


class Cuda:
    """The few calls of libcuda that running one kernel takes."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libcuda.so.1")
        self.call("cuInit", 0)
        device, context = ctypes.c_int(), ctypes.c_void_p()
        module, self._kernel = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)
        self.call("cuModuleLoadData", ctypes.byref(module), SPIN)
        self.call("cuModuleGetFunction", ctypes.byref(self._kernel), module, b"spin")

    def call(self, function: str, *arguments: object) -> None:
        result = getattr(self._library, function)(*arguments)
        if result:
            raise OSError(f"expected {function} of libcuda.so.1 to succeed, it answered {result}")

    def spin(self, for_ns: int) -> None:
        value = ctypes.c_uint64(for_ns)
        parameters = (ctypes.c_void_p * 1)(ctypes.addressof(value))
        one_thread = (1, 1, 1, 1, 1, 1)
        self.call("cuLaunchKernel", self._kernel, *one_thread, 0, None, parameters, None)
        self.call("cuCtxSynchronize")


def main() -> None:
    busy_ms, idle_ms = (float(word) for word in sys.argv[1:3])
    cuda = Cuda()
    cuda.spin(MILLISECOND_NS)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        cuda.spin(round(busy_ms * MILLISECOND_NS))
        if idle_ms:
            time.sleep(idle_ms / 1_000)


if __name__ == "__main__":
    main()
