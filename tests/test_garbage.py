"""The collector of garbage is held while packs are made, and as it was afterwards."""

from __future__ import annotations

import gc

import pytest

from vecgnn.garbage import held


def test_it_is_held_within_and_on_again_after_a_failure() -> None:
    assert gc.isenabled()
    with pytest.raises(ValueError, match="stop"), held():
        with held():
            assert not gc.isenabled()
        assert not gc.isenabled()  # the outer one still holds it
        raise ValueError("stop")
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with held():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
