"""The files of a data set: which are missing, and what is wrong with those that are there."""

from __future__ import annotations

import hashlib
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from gan_lab.disk import MENDS

CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Files:
    """The files of data set `name` in `folder`, each with the digest, by `algorithm`, that it must have."""

    name: str
    folder: Path
    algorithm: str
    digests: dict[str, str]

    def missing(self) -> list[str]:
        """The files that are not there."""
        return [file for file in self.digests if not os.path.isfile(self.folder / file)]

    def obstacles(self) -> list[str]:
        """What is there in place of a file and is none."""
        found = [self.folder / file for file in self.missing() if os.path.lexists(self.folder / file)]
        return [f"{path} is {'a folder' if path.is_dir() else 'no file'}" for path in found]

    def damages(self) -> dict[str, str]:
        """The files that have not the digest they must have, and what is wrong with each."""
        found = {file: self._damage(file) for file in self.digests}
        return {file: damage for file, damage in found.items() if damage is not None}

    def remedy(self, damaged: list[str]) -> str:
        """How to come to whole files."""
        packed = [f"{file}.gz" for file in damaged if os.path.isfile(self.folder / f"{file}.gz")]
        source = f"unpacked from {', '.join(packed)} or downloaded again" if packed else "downloaded again"
        return f"delete {'it, and it is' if len(damaged) == 1 else 'them, and they are'} {source}"

    def _damage(self, file: str) -> str | None:
        path, expected = self.folder / file, self.digests[file]
        try:
            digest = self._digest(path)
            if digest == expected:
                return None
            for other, known in self.digests.items():
                if digest == known:
                    return f"{path} holds the content of {other}"
            return f"{path} is {described(path)}: its {self.algorithm.upper()} is not {expected[:12]}..."
        except OSError as error:
            mend = MENDS.get(error.errno or 0, "mend that")
            return f"{path} cannot be read ({error.strerror}; {mend})"

    def _digest(self, path: Path) -> str:
        digest = hashlib.new(self.algorithm, usedforsecurity=False)
        with path.open("rb") as opened:
            while chunk := opened.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def described(path: Path) -> str:
    """What a file that is not the right one looks like."""
    size = path.stat().st_size
    with path.open("rb") as opened:
        head = opened.read(256)
    if not head:
        return "empty"
    if head[:2] == b"\x1f\x8b":
        return "a .gz archive, still packed"
    if head.lstrip()[:1] == b"<":
        return "a web page"
    shape = idx_shape(head)
    if shape is None:
        return f"truncated or altered ({size} bytes)"
    whole = 4 + 4 * len(shape) + math.prod(shape)
    if size != whole:
        return f"truncated or altered ({size} bytes, of which its header states {whole})"
    return f"altered, or of another data set ({'x'.join(map(str, shape))} bytes)"


def idx_shape(head: bytes) -> tuple[int, ...] | None:
    """The shape that the header of an idx file of bytes states, or `None` where this is no such file."""
    if head[:3] != b"\0\0\x08" or len(head) < 4 or not 1 <= head[3] <= 4 or len(head) < 4 + 4 * head[3]:
        return None
    return struct.unpack(f">{head[3]}I", head[4 : 4 + 4 * head[3]])
