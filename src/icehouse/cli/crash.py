"""What becomes of an error that nobody foresaw: one line for the user, the traceback in a private log."""

from __future__ import annotations

import os
import re
import traceback
from datetime import UTC, datetime
from pathlib import Path

_SECRETS = (
    (re.compile(r"(?i)(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s'\"]+"), r"\1…"),
    (re.compile(r"(?i)((?:AWSAccessKeyId|Signature|x-amz-security-token)=)[^&\s'\"]+"), r"\1…"),
    (re.compile(r"(/F/D/)[^/\s'\"]+"), r"\1…"),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}\b"), "…"),
    (re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)[^'\"\n]+"), r"\1…"),
    (re.compile(r"(?i)((?:secret|token|password)[a-z_]*['\"]?\s*[:=]\s*['\"]?)[^\s'\",]+"), r"\1…"),
)


def without_secrets(text: str) -> str:
    """`text` with what looks like a key, a token or a signature taken out."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def write_crash(error: BaseException, folder: Path) -> Path | None:
    """Append the traceback of `error` (no local values) to the log in `folder`; None where that can't be done."""
    log = folder / "icehouse.log"
    told = without_secrets("".join(traceback.format_exception(error)))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"--- {datetime.now(UTC).isoformat(timespec='seconds')} pid {os.getpid()}\n{told}")
    except OSError:
        return None
    return log
