"""Sending rows to a device while it computes: what `ResidentRows` asks of streams, for CUDA and for the host.

Two orders of work are at play. *Sending* is a stream of its own, so that rows travel while the model computes; the
*computing* stream is the one that is current where the caller asks, on which its kernels run. Each waits for the other
only where it must, on the device, never here: computing for what a step needs (`arrived`), sending for the last kernel
that reads what it will write over (`mark`, `wait_for`).

Memory on the host is pinned, which a copy in the background needs, and comes from torch's allocator, which gives it out
again only after the copies that read it.

On the host everything happens at once, and there is nothing to wait for; `tests/.../simulated_streams.py` has a third
implementation, in which everything happens as late, or as early, as it may.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol

import torch


class Transfers(Protocol):
    """What `ResidentRows` needs of a device."""

    def staging(self, *shape: int) -> Any:
        """torch int32[shape] on the host, for the caller to write and then to send; not written any more after that."""

    def send(self, staged: Any, destination: Any) -> None:
        """Copy it into the device's memory, behind all that was sent before."""

    def send_new(self, staged: Any) -> Any:
        """The same into new memory, which computing may use."""

    def arrived(self) -> None:
        """Let computing wait here for all that was sent."""

    def mark(self) -> Hashable:
        """A mark in the order of computing, behind all that it was asked for until now."""

    def wait_for(self, mark: Hashable) -> None:
        """Let sending wait here until computing has come to a mark."""


class CudaTransfers:
    """Transfers to a CUDA device, on a stream of their own."""

    def __init__(self, device: Any) -> None:
        self._device = device
        self._sending = torch.cuda.Stream(device)

    def staging(self, *shape: int) -> Any:
        """As `Transfers`."""
        return torch.empty(shape, dtype=torch.int32, pin_memory=True)

    def send(self, staged: Any, destination: Any) -> None:
        """As `Transfers`."""
        with torch.cuda.stream(self._sending):
            destination.copy_(staged, non_blocking=True)

    def send_new(self, staged: Any) -> Any:
        """As `Transfers`."""
        with torch.cuda.stream(self._sending):
            sent = staged.to(self._device, non_blocking=True)
        sent.record_stream(torch.cuda.current_stream(self._device))  # not given out again while computing may read it
        return sent

    def arrived(self) -> None:
        """As `Transfers`."""
        torch.cuda.current_stream(self._device).wait_stream(self._sending)

    def mark(self) -> Hashable:
        """As `Transfers`."""
        return torch.cuda.current_stream(self._device).record_event()  # type: ignore[no-any-return,unused-ignore]

    def wait_for(self, mark: Any) -> None:
        """As `Transfers`."""
        self._sending.wait_event(mark)


class HostTransfers:
    """Copies within the memory of the host, each at once."""

    def staging(self, *shape: int) -> Any:
        """As `Transfers`."""
        return torch.empty(shape, dtype=torch.int32)

    def send(self, staged: Any, destination: Any) -> None:
        """As `Transfers`."""
        destination.copy_(staged)

    def send_new(self, staged: Any) -> Any:
        """As `Transfers`."""
        return staged

    def arrived(self) -> None:
        """As `Transfers`."""

    def mark(self) -> Hashable:
        """As `Transfers`."""
        return None

    def wait_for(self, mark: Hashable) -> None:
        """As `Transfers`."""


class CopyingTransfers(HostTransfers):
    """Copies to a device without streams that torch knows by one name, in the order of everything else there."""

    def __init__(self, device: Any) -> None:
        self._device = device

    def send_new(self, staged: Any) -> Any:
        """As `Transfers`."""
        return staged.to(self._device)


def transfers_to(device: Any) -> Transfers:
    """What suits a device: `transfers_to(torch.device("cuda"))` -> `CudaTransfers`."""
    if device.type == "cuda":
        return CudaTransfers(device)
    return HostTransfers() if device.type == "cpu" else CopyingTransfers(device)
