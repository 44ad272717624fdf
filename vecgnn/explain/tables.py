"""The page's tables: what was chosen, the price term by term, the candidates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vecgnn.explain.collect import Study
from vecgnn.explain.drawing import place_of, short
from vecgnn.explain.facts import Choice, ChosenPack, Operand, Term
from vecgnn.explain.markup import colour, esc, number, plural, signed
from vecgnn.explain.offers import Offer
from vecgnn.explain.words import KIND_NAMES, fate_words

_LANES_SHOWN = 8
_KIND_WORDS = {
    "whole": "as it stands",
    "constant": "constants",
    "shuffle": "shuffle",
    "splat": "broadcast",
    "gather": "gather",
    "mixed": "shuffle and insert",
}


def table(head: Sequence[str], rows: Iterable[str], classes: str = "") -> str:
    """A table whose columns that begin with "#" hold figures."""
    cells = "".join(
        f'<th class="f">{esc(name[1:])}</th>' if name.startswith("#") else f"<th>{esc(name)}</th>"
        for name in head
    )
    return (
        f'<div class="scroll"><table class="{classes}"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def packs_table(found: Study, choice: Choice) -> str:
    """A row for each chosen pack."""
    rows = [_pack_row(found, pack) for pack in choice.packs]
    head = ["Pack", "Operation", "Lanes", "#As scalars", "#As vector", "Operands", "#Extracts", "#Without it"]
    return table(head, rows)


def _pack_row(found: Study, pack: ChosenPack) -> str:
    operands = "; ".join(_operand(operand, pack.number) for operand in dict.fromkeys(pack.operands)) or "–"
    extracts = sum(extract.price for extract in pack.extracts)
    without = "–" if pack.without is None else signed(pack.without)
    return (
        f'<tr data-p="{pack.number}"><td>{badge(pack.number)}</td><td>{esc(pack.title)}</td>'
        f"<td>{_names(found, pack.pack.lanes)}</td>"
        f'<td class="f">{pack.replaced}</td><td class="f">{pack.price}</td><td>{operands}</td>'
        f'<td class="f">{extracts if pack.extracts else "–"}</td><td class="f">{without}</td></tr>'
    )


def badge(pack: int) -> str:
    return f'<b class="badge {colour(pack)}" data-p="{pack}">P{pack}</b>'


def _names(found: Study, lanes: Sequence[int]) -> str:
    """The lanes by name; stores, which have none, by where they store."""
    assert found.problem is not None
    graph = found.problem.graph
    instructions = [found.function.instructions[lane] for lane in lanes[:_LANES_SHOWN]]
    names = [short(instruction.name or place_of(graph, instruction), 22) for instruction in instructions]
    more = f" +{len(lanes) - _LANES_SHOWN}" if len(lanes) > _LANES_SHOWN else ""
    return f"<code>{esc(' '.join(names))}{more}</code>"


def _operand(operand: Operand, pack: int) -> str:
    makers = " ".join(badge(maker) for maker in operand.makers)
    price = "" if operand.kind in ("whole", "constant") else f" {operand.price}"
    others = [f"P{user}" for user in operand.users if user != pack]
    shared = f" (shared with {', '.join(others)})" if others and operand.price else ""
    return f"{_KIND_WORDS[operand.kind]} {makers}{price}{shared}".replace("  ", " ").strip()


def price_table(found: Study, choice: Choice) -> str:
    """Every summand of the price, by kind, and their sum.  Scalars that cost nothing share one row."""
    parts: list[str] = []
    for kind, name in KIND_NAMES.items():
        terms = [term for term in choice.terms if term.kind == kind]
        if not terms:
            continue
        free = [term for term in terms if not term.price] if kind == "scalar" else []
        rows = [_term(found, choice, term) for term in terms if term not in free]
        if free:
            rows.append(
                _row(
                    plural(len(free), "instruction that costs", "instructions that cost") + " nothing", "", 0
                )
            )
        parts.append(
            f'<tbody><tr class="group"><th>{name[0].upper() + name[1:]}</th><th></th>'
            f'<th class="f">{choice.sum(kind)}</th></tr>{"".join(rows)}</tbody>'
        )
    total = (
        '<tbody><tr class="total"><th>Price of the function</th><th></th>'
        f'<th class="f">{choice.total}</th></tr>'
        f"<tr><td>less the price of the scalar function</td><td></td>"
        f'<td class="f">{choice.scalar}</td></tr>'
        f'<tr class="total"><th>Change</th><th></th>'
        f'<th class="f">{number(choice.total - choice.scalar)}</th></tr></tbody>'
    )
    return f'<div class="scroll tall"><table class="terms">{"".join(parts)}{total}</table></div>'


def _row(what: str, detail: str, price: int, data: str = "") -> str:
    return (
        f'<tr class="term" data-price="{price}"{data}><td>{what}</td><td>{detail}</td>'
        f'<td class="f">{number(price)}</td></tr>'
    )


def _term(found: Study, choice: Choice, term: Term) -> str:
    if term.kind == "scalar":
        index = term.instructions[0]
        text = short(found.function.instructions[index].text.split("\n", 1)[0].partition(", !")[0], 90)
        return _row(f"<code>{esc(text)}</code>", "", term.price, f' data-i="{index}"')
    packs = " ".join(badge(pack) for pack in term.packs)
    if term.kind == "vector":
        pack = choice.packs[term.packs[0]]
        detail = f"in place of {plural(len(pack.pack), 'scalar')} for {pack.replaced}"
        return _row(f"{packs} {esc(term.text)}", detail, term.price, f' data-p="{pack.number}"')
    if term.kind == "extract":
        what = f"{packs} <code>{esc(short(term.text, 40))}</code>"
        return _row(what, "a scalar still reads it", term.price, f' data-i="{term.instructions[0]}"')
    operand = term.operand
    assert operand is not None
    values = ", ".join(short(value, 14) for value in operand.values[:_LANES_SHOWN])
    more = ", …" if len(operand.values) > _LANES_SHOWN else ""
    makers = " ".join(badge(maker) for maker in operand.makers) if operand.kind == "whole" else ""
    steps = "; ".join(short(step, 80) for step in operand.steps[:8]) + ("; …" if operand.steps[8:] else "")
    detail = esc(steps) or f"{_KIND_WORDS[operand.kind]} {makers}"
    return _row(f"for {packs} <code>⟨{esc(values)}{more}⟩</code>", detail, term.price)


def candidates_table(found: Study) -> str:
    """A row for each candidate worth showing."""
    assert found.offers is not None
    titles = [answer.title for answer in found.answers if answer.choice]
    head = ["Operation", "Lanes", "#As scalars", "#As vector", "#Alone", *titles]
    return table(head, [_offer(found, offer) for offer in found.offers.shown], "offers")


def _offer(found: Study, offer: Offer) -> str:
    lanes = " ".join(str(lane) for lane in offer.pack.lanes)
    fates = "".join(f'<td class="{fate.kind}">{esc(fate_words(fate))}</td>' for fate in offer.fates.values())
    chosen = ' class="taken"' if offer.chosen else ""
    price = "–" if offer.price is None else str(offer.price)
    change = "–" if offer.change is None else signed(offer.change)
    return (
        f'<tr data-l="{lanes}"{chosen}><td>{esc(offer.title)}</td>'
        f'<td>{_names(found, offer.pack.lanes)}</td><td class="f">{offer.replaced}</td>'
        f'<td class="f">{price}</td><td class="f">{change}</td>{fates}</tr>'
    )
