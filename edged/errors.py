"""The one tree of errors, sorted by who must act, and the exit codes that go with it.

Rules:
  - `RetryError`: the service tries again by itself; it ends no process on its own.
  - `FaultError`: this process cannot mend it; it exits and systemd (or `edged run`) starts it again.
  - `HumanError`: a person must change something; trying again alone helps nobody.
  - The text of an error is one clear sentence: what is wrong, where, and what to do. It never holds a password, nor
    anything about who was in view.

Exit codes are those of sysexits.h (4.3BSD).
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command, named and numbered as in sysexits.h."""

    OK = 0
    USAGE = 64
    """The command line is wrong."""
    DATA = 65
    """The input exists and is not what it claims to be (a text file named .mp4, a damaged model)."""
    NO_INPUT = 66
    """The input is missing or may not be read."""
    UNAVAILABLE = 69
    """Something needed is not there: a runtime, a delegate, an extra, the network end."""
    SOFTWARE = 70
    """A fault of edged itself."""
    OS_ERROR = 71
    """A stage made no progress: something below edged (driver, delegate, disk) doesn't answer."""
    CANNOT_CREATE = 73
    """The output or the state folder can't be written."""
    TRY_LATER = 75
    """A passing fault; the same call may work later (another instance holds the outbox, a child was lost)."""
    CONFIG = 78
    """The configuration is wrong."""


class EdgedError(Exception):
    """Root of all errors that edged raises on purpose."""

    exit_code: ExitCode = ExitCode.SOFTWARE


class RetryError(EdgedError):
    """A passing fault: the service tries again by itself."""

    exit_code = ExitCode.TRY_LATER


class CameraError(RetryError):
    """The camera gives no pictures: unplugged, refused, stalled."""


class SilentCameraError(CameraError):
    """The camera is there, and sends nothing more."""


class StoreError(RetryError):
    """The outbox can't take or give a message just now."""


class InUseError(RetryError):
    """Another process of the same role works in the same state folder."""


class FaultError(EdgedError):
    """This process can't mend it: it ends, and whoever supervises starts it again."""


class HumanError(EdgedError):
    """A person must act."""


class UsageError(HumanError):
    """The command line makes no sense."""

    exit_code = ExitCode.USAGE


class ConfigError(HumanError):
    """The configuration is wrong."""

    exit_code = ExitCode.CONFIG


class InputError(HumanError):
    """An input file is there, but it isn't what it should be."""

    exit_code = ExitCode.DATA


class MissingInputError(HumanError):
    """An input file or device is not there."""

    exit_code = ExitCode.NO_INPUT


class ModelError(HumanError):
    """A model file or its card is missing, damaged, or doesn't fit what edged expects of it."""

    exit_code = ExitCode.DATA


class UnavailableError(HumanError):
    """A runtime, a delegate or an optional package is not installed."""

    exit_code = ExitCode.UNAVAILABLE


class StateFolderError(HumanError):
    """The state folder can't be created or written."""

    exit_code = ExitCode.CANNOT_CREATE


class OutputError(HumanError):
    """A file that was asked for can't be written."""

    exit_code = ExitCode.CANNOT_CREATE
