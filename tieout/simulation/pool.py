"""Processes that work for one other and end with it, however it ends."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait


def open_pool(processes: int) -> ProcessPoolExecutor:
    """Open a pool of fresh interpreters; one whose owner was killed ends at once, whatever it is at."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_end_with_owner)


def _end_with_owner() -> None:
    owner = multiprocessing.parent_process()
    if owner is not None:
        threading.Thread(target=_watch, args=(owner.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # nobody is left to hear of anything
