"""Parsing and verifying with LLVM: a broken module is an exception, never the end of the process."""

from __future__ import annotations

import faulthandler
import os
import resource
import sys

import llvmlite.binding as llvm

_BITCODE_MAGIC = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
_DEBUG_INFO = b"Debug Info Version"


def parse(source: bytes) -> llvm.ModuleRef:
    """Parse text or bitcode and verify it.  Raises ValueError with LLVM's reason, on one line.

    Each module gets a context of its own: in a shared one, a second module's struct types are renamed.  With
    debug information LLVM verifies while it parses, and ends the process over a broken module; such input is
    tried in a child process first.
    """
    if _DEBUG_INFO in source and (reason := _refused_in_child(source)):
        raise ValueError(reason)
    try:
        return _parse(source)
    except UnicodeError:
        raise ValueError("neither LLVM bitcode nor text") from None
    except RuntimeError as error:
        raise ValueError(_line(str(error))) from None


def _parse(source: bytes) -> llvm.ModuleRef:
    context = llvm.create_context()
    if source.startswith(_BITCODE_MAGIC):
        module = llvm.parse_bitcode(source, context)
    else:
        module = llvm.parse_assembly(source.decode(), context)
    module.verify()
    return module


def _line(message: str) -> str:
    return " ".join(message.split())[:300]


def _refused_in_child(source: bytes) -> str:
    """What LLVM says against the module, in a child that it may end; "" where it has nothing to say."""
    reading, writing = os.pipe()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        status = 1
        try:
            faulthandler.disable()
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.dup2(writing, 2)
            _parse(source)
            status = 0
        except Exception as error:
            os.write(2, str(error).encode(errors="replace"))
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        message = said.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    return (_line(message) or "LLVM gave no reason") if status else ""
