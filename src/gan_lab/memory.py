"""How the C library hands out memory."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # malloc.h of glibc
MEGABYTE = 1 << 20


def keep_memory() -> bool:
    """Let this process keep freed memory for its next tensors, and say whether the C library does so.

    glibc maps each large tensor afresh and returns it to the system when it is freed, so that an iteration on the CPU
    starts by letting the system fill thousands of pages with zeros: a tenth of DCGAN's time. With this, tensors come
    from one heap, of which up to a gigabyte stays when it is free. Other C libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wishes = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 1024 * MEGABYTE), (M_TOP_PAD, 64 * MEGABYTE))
    answers = [mallopt(option, value) for option, value in wishes]
    return answers == [1, 1, 1]
