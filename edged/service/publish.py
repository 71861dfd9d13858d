"""The main of the publishing process: the one that has the network and never sees a picture.

Rules:
  - SIGTERM and SIGINT: finish what is in flight, say `offline`, exit 0. SIGUSR1, or drain = True: go on until
    everything has been acknowledged, then the same.
  - Only one per state folder.
  - It imports nothing that could hold a picture, and no more than it needs: it must fit into 40 MB.
"""

import logging
import signal
import threading
import time

from edged.config.model import Config
from edged.errors import ExitCode
from edged.outbox.files import exclusive
from edged.outbox.store import Outbox
from edged.publish.publisher import Publisher, Wish
from edged.publish.state import State
from edged.service.signals import Stop
from edged.service.watchdog import UNWATCHED, Progress, Stage

log = logging.getLogger(__name__)


def main(config: Config, stop: Stop, progress: Progress = UNWATCHED, *, drain: bool = False) -> ExitCode:
    """Publish until `stop` is set, or until all is acknowledged when draining.

    Args:
        config: the whole configuration.
        stop: set by whoever handles SIGTERM and SIGINT.
        progress: what the watchdog is fed by.
        drain: end as soon as the outbox is empty and acknowledged.

    Raises:
        InUseError: another one publishes from this state folder.
        StateFolderError: the state folder can't be used.
        StoreError: the state folder's disk takes no lock file just now.
    """
    progress.at(Stage.START)
    draining = threading.Event()
    if drain:
        draining.set()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR1, lambda _number, _frame: draining.set())
    with exclusive(config.outbox.folder, "publish"):
        outbox = Outbox.open(
            config.outbox.folder,
            config.device.id,
            max_messages=config.outbox.max_messages,
            max_bytes=config.outbox.max_bytes,
            reserve_bytes=config.outbox.reserve_bytes,
            replay_horizon_s=config.outbox.replay_horizon_s,
        )
        try:
            publisher = Publisher(config, outbox, time, stop.wait, lambda stage: progress.at(Stage(stage)))
            progress.ready()
            while publisher.state is not State.STOPPED:
                publisher.turn(Wish(stop.is_set(), draining.is_set()))
                progress.turned()
                progress.say(f"the connection to the broker is {publisher.state.name.lower()}")
        finally:
            outbox.close()
    log.info("stopped")
    return ExitCode.OK
