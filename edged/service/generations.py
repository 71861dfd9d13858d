"""Runs a service with one configuration after the other: SIGHUP reads the file again, without a new process.

Rules:
  - A file that is wrong is refused with a line for each fault, and the old configuration goes on undisturbed.
  - What a file alone can't tell (a model that isn't there, a folder that can't be written) shows when the service
    begins anew with it. If that fails within TRIAL_S, the old configuration is taken up again.
  - Nothing that changes is patched into a running loop: the loop ends in good order and begins again, so that every key
    takes effect. The open windows are cut and marked, as at a stop.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable

from edged.config.model import Config
from edged.errors import EdgedError, ExitCode
from edged.service.notify import Notifier
from edged.service.signals import Stop, heed

log = logging.getLogger(__name__)

TRIAL_S = 30.0
"""A configuration that has run so long has proved that it works; what fails later is no fault of the reload."""

Serve = Callable[[Config, Stop], ExitCode]
"""Serves with a configuration until told to stop. Raises EdgedError when that isn't possible."""


class Generations:
    """The configurations of one process, one after the other."""

    def __init__(self, config: Config, read_again: Callable[[], Config], notifier: Notifier) -> None:
        """Begin with `config`; `read_again` reads it anew, as the command line asked for it, or raises EdgedError."""
        self._config = config
        self._read_again = read_again
        self._notifier = notifier
        self._lock = threading.Lock()
        self._stop = Stop()
        self._next: Config | None = None
        self._ending = False

    def heed_signals(self) -> None:
        """SIGTERM and SIGINT end the service, SIGHUP reloads its configuration."""
        heed({signal.SIGTERM: self.end, signal.SIGINT: self.end, signal.SIGHUP: self.reload})

    def end(self) -> None:
        """End the service."""
        with self._lock:
            self._ending = True
            self._notifier.stopping()
            self._stop.set()

    def reload(self) -> None:
        """Read the configuration again, and go on with it if it is right and new."""
        with self._lock:
            if self._ending:
                return
            self._notifier.reloading()
            try:
                new = self._read_again()
            except EdgedError as error:
                _refuse(error)
                self._notifier.ready()
                return
            if new == self._config and self._next is None:
                log.info("the configuration was read again: nothing has changed")
                self._notifier.ready()
                return
            self._next = new
            self._stop.set()

    def run(self, serve: Serve) -> ExitCode:
        """Serve until the end, with whatever configuration is in force; return the exit code."""
        old: Config | None = None
        while True:
            began = time.monotonic()
            try:
                code = serve(self._config, self._stop)
            except EdgedError as error:
                if old is None or time.monotonic() - began > TRIAL_S:
                    raise
                _refuse(error)
                code, self._next, old = ExitCode.OK, self._next or old, None
            else:
                old = self._config
            with self._lock:
                if self._ending or self._next is None:
                    return code
                self._config, self._next = self._next, None
                self._stop.clear()
            log.info("going on with the %s configuration", "old" if old is None else "new")


def _refuse(error: EdgedError) -> None:
    for line in str(error).splitlines():
        log.error("the new configuration is refused, the old one goes on: %s", line)
