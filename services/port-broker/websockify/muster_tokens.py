"""The tokens of the VNC gateway, as websockify looks them up (--token-plugin muster_tokens.OneTimeTokens --token-source FOLDER).

The port-broker signs them; this checks them without asking it, so that the gateway works also while the broker is away. A token is
`session.expiry.nonce.signature`: a session's id, the host's monotonic clock in milliseconds, 16 random bytes in hex, and HMAC-SHA256 of
what is before it, in hex. In the folder: `secret`; `targets/<session>` with the host and the port of its machine, one a line;
`used/<expiry>.<nonce>` for each token that was used; `viewers/<pid>.<start ticks>` with the session that a process serves.
"""

import hashlib
import hmac
import os
import re
import time

SESSION = re.compile(r"[a-z0-9-]{1,64}")
NONCE = re.compile(r"[0-9a-f]{32}")
EXPIRY = re.compile(r"[0-9]{1,15}")


class OneTimeTokens:
    def __init__(self, source):
        self.folder = source

    def lookup(self, token):
        """The host and port that a token stands for, once; None for any other."""
        try:
            session, expiry, nonce, signature = token.split(".")
        except ValueError:
            return None
        if not (SESSION.fullmatch(session) and EXPIRY.fullmatch(expiry) and NONCE.fullmatch(nonce)):
            return None
        signed = ".".join((session, expiry, nonce)).encode()
        right = hmac.new(self._read("secret"), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), signature.encode()):
            return None
        if time.clock_gettime(time.CLOCK_MONOTONIC) * 1000 > int(expiry):
            return None
        try:
            # Whoever makes this file has the token; nobody else gets it.
            os.close(os.open(self._path("used", expiry + "." + nonce), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            # Noted first: who takes the target away and then looks for viewers finds every one that got it.
            self._note_viewer(session)
            host, port = self._read("targets", session).decode().split()
        except (OSError, ValueError):
            return None
        return host, port

    def _note_viewer(self, session):
        with open("/proc/self/stat", encoding="latin1") as stat:
            start_ticks = stat.read().rpartition(")")[2].split()[19]
        with open(self._path("viewers", "%d.%s" % (os.getpid(), start_ticks)), "w", encoding="ascii") as viewer:
            viewer.write(session)

    def _path(self, *parts):
        return os.path.join(self.folder, *parts)

    def _read(self, *parts):
        with open(self._path(*parts), "rb") as file:
            return file.read()
