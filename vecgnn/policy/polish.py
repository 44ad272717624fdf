"""The exact price's word on a packing: what does not pay goes, and a few doubtful candidates get a trial.

The network chooses by likelihood, pack for pack; whether a tree of packs pays is decided by its sum.  All
is counted in updates of the price, of which each pack gets a handful.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import islice

from vecgnn.slp.cost import Pricer
from vecgnn.slp.exchange import Exchange
from vecgnn.slp.pack import Pack

SUBTREE = 12
"""Packs of a subtree that is tried without, at most."""


def polish(
    pricer: Pricer, packs: Sequence[Pack], chosen: Iterable[Pack], doubtful: Sequence[Pack], trials: int
) -> list[Pack]:
    """The chosen packs without those that do not pay, and with what pays of the first doubtful ones.

    ``packs`` are all candidates, ``trials`` how many of the doubtful that are not chosen get one.  The pricer
    holds no packs, before and after.
    """
    exchange = Exchange(pricer, packs, chosen)
    _complete(exchange)
    kept = _drop(pricer, exchange.chosen)
    exchange.chosen = dict.fromkeys(kept)
    waiting = (pack for pack in doubtful if pack not in exchange.chosen)
    exchange.sweep(islice(waiting, trials))
    found = list(exchange.chosen)
    pricer.update(remove=found)
    return found


def _complete(exchange: Exchange) -> None:
    """Where a chosen pack's operand is still gathered, try the packs that are that operand.

    A tree with a gap may look worse than none, and would be dropped as a whole.
    """
    pricer = exchange.pricer
    pending = deque(sorted(exchange.chosen, key=lambda pack: -max(pack.lanes)))
    tried: set[Pack] = set()
    while pending:
        pack = pending.popleft()
        if pack not in exchange.chosen:
            continue
        for key in pricer.source_keys(pack):
            if pricer.recipe(key).kind in ("whole", "constant"):
                continue
            for maker in exchange.makers(key[2]):
                if maker not in tried and maker not in exchange.chosen:
                    tried.add(maker)
                    if exchange.sweep([maker]):
                        pending.append(maker)
                        break


def _drop(pricer: Pricer, chosen: Iterable[Pack]) -> list[Pack]:
    """Take out, as long as the price does not rise: connected packs, subtrees of operands, single packs."""
    present = dict.fromkeys(chosen)
    failed: dict[frozenset[Pack], int] = {}  # groups tried in vain, and how many packs there were

    def without(group: Sequence[Pack]) -> None:
        if failed.get(frozenset(group)) == len(present):
            return  # nothing has gone since
        unpriced = pricer.unpriced
        change = pricer.update(remove=group)
        if pricer.unpriced < unpriced or (pricer.unpriced == unpriced and change <= 0):
            for pack in group:
                del present[pack]
        else:
            pricer.update(add=group)
            failed[frozenset(group)] = len(present)

    makers, users = _links(pricer, present)
    for group in _connected(present, makers, users):
        without(group)
    for pack in sorted(present, key=lambda pack: -max(pack.lanes)):  # users before what they use
        if pack not in present:
            continue
        subtree = _subtree(pack, present, makers, users)
        if len(subtree) > 1:
            without(subtree)
        if pack in present:
            without([pack])
    return list(present)


Links = dict[Pack, list[Pack]]


def _links(pricer: Pricer, chosen: Iterable[Pack]) -> tuple[Links, Links]:
    """Of each pack the packs whose values it needs, and those that need its values."""
    holder = {name: pack for pack in chosen for name in pricer.terms(pack).defined}
    makers: Links = {}
    users: Links = defaultdict(list)
    for pack in chosen:
        needed = [holder[value] for operand in pack.operands for value in operand if value in holder]
        makers[pack] = list(dict.fromkeys(needed))
        for maker in makers[pack]:
            users[maker].append(pack)
    return makers, users


def _connected(chosen: Iterable[Pack], makers: Links, users: Links) -> list[list[Pack]]:
    """Groups of packs that make or need each other's values."""
    groups: list[list[Pack]] = []
    seen: set[Pack] = set()
    for start in chosen:
        if start in seen:
            continue
        seen.add(start)
        group = [start]
        for pack in group:
            for other in (*makers[pack], *users.get(pack, ())):
                if other not in seen:
                    seen.add(other)
                    group.append(other)
        groups.append(group)
    return groups


def _subtree(pack: Pack, present: dict[Pack, None], makers: Links, users: Links) -> list[Pack]:
    """The pack and the packs that nothing but it needs, directly or by others of these."""
    subtree = [pack]
    inside = {pack}
    for current in subtree:
        for maker in makers[current]:
            if maker not in present or maker in inside or len(subtree) == SUBTREE:
                continue
            if all(user in inside or user not in present for user in users[maker]):
                inside.add(maker)
                subtree.append(maker)
    return subtree
