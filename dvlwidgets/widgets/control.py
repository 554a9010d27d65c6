"""The control channel: a comm that a front-end opens to see and steer the runs of this kernel, with or without a panel.

The kernel only replies, in the thread that a request came in: that keeps the channel on a front-end's subshell, where
it is heard while a cell computes. This module is imported with the package inside a kernel, so it imports nothing
itself; what answers is imported with the first request.
"""

from __future__ import annotations

from typing import Any

TARGET = "dvlwidgets.control"
HELLO = "dvlwidgets.hello"
"""A front-end that was there before the package listens for this name, and asks then."""


def register() -> bool:
    """Lets a front-end open the control channel; does nothing outside of an ipykernel.

    Returns:
        Whether there is a kernel to register with.
    """
    from dvlwidgets.widgets import ears

    manager = getattr(ears.kernel(), "comm_manager", None)
    if manager is None:
        return False
    manager.register_target(TARGET, opened)
    if ears.attended():  # a program that runs a notebook would complain of a comm that it does not know
        _greet()
    return True


def _greet() -> None:
    """Tells a front-end that is there; the comm stays open, so that one that comes later finds it in the list of comms.

    To open the channel of a kernel without the package, only to see, would leave an error in that kernel's log.
    """
    from comm import create_comm

    create_comm(target_name=HELLO, data={"v": 1})


def opened(comm: Any, _message: Any) -> None:
    """A front-end opened the channel: from now on each of its messages is answered."""
    from dvlwidgets.widgets import ears

    ears.keep_on_subshells(comm)
    comm.on_msg(lambda message: comm.send(_reply(message)))


def _reply(message: Any) -> dict[str, Any]:
    from dvlwidgets.widgets import control_answers

    return control_answers.answer(message.get("content", {}).get("data"))
