"""All errors of the package: what a user did wrong, what a tool did, and what is our own bug.

A message is one line that names the place (file, function, instruction where known) and what to do.
"""


class VecgnnError(Exception):
    """Anything the command line reports as one line with exit status 2."""


class InputError(VecgnnError):
    """The user's input cannot be used: a missing file, broken IR, an unknown CPU."""


class ToolError(VecgnnError):
    """An external tool (clang, opt) is missing or failed."""


class InternalError(VecgnnError):
    """A defect of ours: reported as such, and the scalar code is kept."""
