"""The command `icehouse`: options that hold for all commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Sequence

import click

from icehouse import __version__
from icehouse.core.errors import IcehouseError
from icehouse.core.text import safe

from .lazy import LazyGroup
from .session import INTERRUPTED, SCREENS, OpenConsole, Session

READER_GONE = 141
_WRONG_USAGE = 2
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

COMMANDS = {
    "demo": ("demo", "Open the console on an embedded S3 and DNAnexus with sample data."),
    "check": ("check", "Tell what these credentials may do, and whether this machine suits."),
    "ls": ("ls", "List stores, buckets or projects, or one level of a folder."),
    "scan": ("scan", "Read a bucket, project or folder into the catalogue."),
    "changes": ("changes", "Tell what a scan found other than the one before."),
    "status": ("status", "Count a folder's objects by state, asked fresh from the store."),
    "restore": ("restore", "Plan, price and start bringing cold objects back."),
    "unarchive": ("restore", "The same as restore, by the word that DNAnexus has for it."),
    "checksum": ("checksum", "Verify bytes where they lie, without restoring them."),
    "archive": ("archive", "Tell what would really go cold, and archive it."),
    "scope": ("scope", "Say what must be backed up, and see what nobody has decided about."),
    "deliver": ("deliver", "Hand a folder to somebody by links that expire."),
    "deliveries": ("deliveries", "What was delivered, what has expired, and who fetched it."),
    "jobs": ("jobs", "List the jobs."),
    "job": ("job", "Show, follow or log one job."),
    "cancel": ("cancel", "Cancel what a job has not sent yet."),
    "retry": ("retry", "Take up again what failed in a job, as a new job."),
    "hold": ("hold", "Keep an object or a folder from being archived."),
    "holds": ("holds", "List what is held, and why."),
    "lift": ("lift", "Take a hold away."),
    "unhold": ("unhold", "Take away every hold on an object or a folder."),
    "audit": ("audit", "List the audit chain, or verify it."),
    "info": ("info", "Show the paths in force, and the units for systemd and cron."),
    "run-due": ("run_due", "Do what is due now, then end: for cron and systemd timers."),
    "worker": ("worker", "Carry jobs out; started on demand by the others."),
    "sim": ("sim", "Run a stand-in of a store, on loopback."),
}


class Icehouse(LazyGroup):
    """The group of all commands."""

    commands_by_name = COMMANDS
    placeless = frozenset({"demo", "sim"})


@click.group(
    cls=Icehouse,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 all ok or not needed, 1 some item failed, 2 wrong usage, 3 refused by a safety rule, "
    "4 store unreachable or login expired, 130 interrupted.",
)
@click.option(
    "--config", metavar="PATH", help="Config file (else ICEHOUSE_CONFIG, else ~/.config/icehouse/config.toml)."
)
@click.option("--state", metavar="DIR", help="State folder (else ICEHOUSE_STATE, else ~/.local/state/icehouse).")
@click.option(
    "--screen", metavar="NAME", type=click.Choice(SCREENS), help=f"Open the console there: {', '.join(SCREENS)}."
)
@click.version_option(__version__, "--version", message="icehouse %(version)s")
@click.pass_context
def icehouse(ctx: click.Context, config: str | None, state: str | None, screen: str | None) -> int:
    """See what is cold, bring it back, and know what was asked for.

    Without a command, icehouse opens the console.
    """
    session = ctx.ensure_object(Session)
    session.config, session.state = config, state
    if ctx.invoked_subcommand is not None:
        if screen is not None:
            raise click.UsageError(f"--screen opens the console; leave it out of icehouse {ctx.invoked_subcommand}")
        return 0
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("the console needs a terminal; for scripts there are the commands: icehouse --help")
    return session.open_console(session.house, screen or "")


def main(open_console: OpenConsole, argv: Sequence[str] | None = None) -> int:
    """Run the command line in `argv` (the process's own where None) and return its exit code.

    Whatever goes wrong for a foreseen reason is one line on stderr; anything else is one line and a log.
    """
    _prepare()
    session = Session(open_console)
    try:
        code = icehouse.main(
            args=None if argv is None else list(argv), prog_name="icehouse", standalone_mode=False, obj=session
        )
        sys.stdout.flush()
    except IcehouseError as error:
        return _complain(str(error), error.exit_code)
    except click.ClickException as error:
        return _complain(_plain(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click itself leaves by SystemExit when its output is closed
        _silence()
        return READER_GONE
    except OSError as error:
        if error.errno not in _FULL:
            return _crash(error, session)
        return _complain(f"can't write{f' {error.filename}' if error.filename else ''}: {error.strerror}", 1)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback reaches a user
        return _crash(error, session)
    return code if isinstance(code, int) else 0


def _prepare() -> None:
    """Make files for this user alone, keep children from importing out of the working folder, and print any name."""
    os.umask(0o077)
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _complain(line: str, code: int) -> int:
    """The one line on stderr."""
    try:
        sys.stdout.flush()
    except OSError:  # its reader is gone, or its disk is full
        _silence()
    with contextlib.suppress(OSError):
        print(f"icehouse: {safe(line)}", file=sys.stderr, flush=True)
    return code


def _silence() -> None:
    """Send what Python still flushes to stdout at its end nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _plain(error: click.ClickException) -> str:
    """Click's message in one line of ours, with where to look."""
    text = " ".join(error.format_message().split()).removesuffix(".")
    text = text[:1].lower() + text[1:] if text[:2].istitle() else text
    if isinstance(error, click.UsageError) and error.ctx is not None and "--help" not in text:
        return f"{text}; see {error.ctx.command_path} --help"
    return text


def _crash(error: Exception, session: Session) -> int:
    from .crash import without_secrets, write_crash

    try:
        log = write_crash(error, session.paths.logs)
    except IcehouseError:
        log = None
    where = f"; the traceback is in {log}" if log else ""
    first = str(error).splitlines()[0] if str(error) else ""
    return _complain(f"unexpected {type(error).__name__}: {without_secrets(first)}{where}", 1)
