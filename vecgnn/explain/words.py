"""What the page says in sentences.  All figures come from the facts; nothing here guesses at reasons."""

from __future__ import annotations

from collections.abc import Sequence

from vecgnn.explain.collect import Answer, Study
from vecgnn.explain.drawing import Drawing
from vecgnn.explain.facts import Choice, ChosenPack, Operand, TermKind
from vecgnn.explain.markup import esc, number, plural, signed
from vecgnn.explain.offers import Fate, Offers

KIND_NAMES: dict[TermKind, str] = {
    "scalar": "scalars that remain",
    "vector": "vector operations",
    "operand": "making operands",
    "extract": "extracts",
}


def function_words(found: Study) -> str:
    """The function in a sentence."""
    function = found.function
    text = (
        f"<code>{esc(found.name)}</code> has {plural(len(function.instructions), 'instruction')} in "
        f"{plural(len(function.blocks), 'block')}."
    )
    scalar = next((choice.scalar for choice in found.choices.values()), None)
    if scalar is not None:
        text += f" All scalar, its price is {scalar}."
    if found.offers is not None:
        text += f" {plural(found.offers.count, 'pack is', 'packs are')} possible: its candidates"
        text += " (there are more; the search for them is bounded)." if found.offers.truncated else "."
    return text


def answer_words(answer: Answer) -> str:
    """What a packer of ours reached, and what is proved about it."""
    choice, solution = answer.choice, answer.solution
    if choice is None or solution is None:
        return ""
    if not choice.packs:
        text = f"{upper(answer.phrase)} packs nothing: the price stays {choice.scalar}."
    else:
        lanes = sum(len(found.pack) for found in choice.packs)
        saved = choice.scalar - choice.total
        text = (
            f"{upper(answer.phrase)} puts {plural(lanes, 'instruction')} into "
            f"{plural(len(choice.packs), 'pack')}; "
            f"the price goes from {choice.scalar} to {choice.total}, {percent(saved, choice.scalar)} less."
        )
    if solution.status == "optimal":
        text += " It is proved that no choice among the packs it considered is cheaper."
    elif solution.bound is not None and solution.bound < solution.objective:
        text += " It is proved that no choice among the packs it considered saves more than "
        text += f"{-solution.bound:g}."
    return text


def upper(text: str) -> str:
    """With a capital letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def comparison_words(found: Study) -> list[str]:
    """The packers of ours against the cheapest of them, by kinds of term."""
    ours = [(answer, answer.choice) for answer in found.answers if answer.choice]
    if len(ours) < 2:
        return []
    best, leading = min(ours, key=lambda item: item[1].total)
    sentences: list[str] = []
    for answer, choice in ours:
        if answer is best:
            continue
        common = {pack.pack for pack in leading.packs} & {pack.pack for pack in choice.packs}
        if choice.total == leading.total:
            same = len(common) == len(leading.packs) == len(choice.packs)
            how = "with the same packs" if same else f"with {len(common)} packs in common"
            sentences.append(f"{upper(best.phrase)} and {answer.phrase} reach the same price {how}.")
            continue
        parts = [
            f"{name} {signed(leading.sum(kind) - choice.sum(kind))}"
            for kind, name in KIND_NAMES.items()
            if leading.sum(kind) != choice.sum(kind)
        ]
        only = [pack for pack in leading.packs if pack.pack not in common]
        lost = [pack for pack in choice.packs if pack.pack not in common]
        sentences.append(
            f"{upper(best.phrase)} saves {leading.scalar - leading.total}, {answer.phrase} "
            f"{choice.scalar - choice.total}: the former pays {choice.total - leading.total} less "
            f"({', '.join(parts)}). They share {plural(len(common), 'pack')}; "
            f"{_some(only)} {'is' if len(only) == 1 else 'are'} chosen only by the former, "
            f"{_some(lost)} only by the latter."
        )
    return sentences


def _some(packs: Sequence[ChosenPack]) -> str:
    """How many, and the first of them by name."""
    names = ", ".join(f"{pack.label} {pack.title}" for pack in packs[:3]) + (", …" if len(packs) > 3 else "")
    return f"{len(packs)} ({names})" if packs else "none"


def printed_words(found: Study) -> str:
    """What opt prints for the whole functions, the one figure that LLVM's output can be compared by."""
    known = [answer for answer in found.answers if answer.printed is not None]
    if found.printed is None or not known:
        return ""
    parts = [f"{answer.printed} after {answer.phrase}" for answer in known]
    return (
        f"LLVM’s cost model prints for the whole function {found.printed} before packing, {', '.join(parts)}."
    )


def graph_words(found: Study, choice: Choice, drawing: Drawing) -> str:
    """What the picture of a block shows."""
    block = found.function.blocks[drawing.block]
    inside = range(block.start, block.stop)
    packed = sum(index in choice.owner for index in inside)
    gone = sum(index in choice.gone for index in inside)
    packs = sum(pack.block == drawing.block for pack in choice.packs)
    text = (
        f"Block <code>{esc(block.label)}</code>: {plural(len(inside), 'instruction')}, of which {packed} "
        f"are lanes of {plural(packs, 'pack')}, {len(inside) - packed - gone} stay scalar"
    )
    text += f" and {gone} are needed no more (struck out)." if gone else "."
    operands = [operand for operand in choice.operands if operand.block == drawing.block]
    if operands:
        whole = sum(operand.kind in ("whole", "constant") for operand in operands)
        moved = [operand for operand in operands if operand.kind in ("shuffle", "mixed")]
        put = [operand for operand in operands if operand.kind in ("gather", "splat")]
        parts = [
            f"{whole} for nothing, as a pack stands or as constants" if whole else "",
            f"{len(moved)} by shuffles of packs, for {_paid(moved)}" if moved else "",
            f"{len(put)} by gathering or broadcasting scalars, for {_paid(put)}" if put else "",
        ]
        text += (
            f" The packs need {plural(len(operands), 'operand vector')}: {'; '.join(filter(None, parts))}."
        )
    return text


def _paid(operands: Sequence[Operand]) -> int:
    return sum(operand.price for operand in operands)


def price_words(choice: Choice) -> str:
    """The price as a sum of its kinds of term."""
    if not choice.packs:
        return f"Nothing is packed: the price is that of the scalars, {choice.total}."
    lanes = sum(pack.replaced for pack in choice.packs)
    spared = f"; {choice.spared} is saved on what nothing needs any more" if choice.spared else ""
    return (
        f"The instructions that became lanes cost {lanes} as scalars; the vector operations in their stead "
        f"cost {choice.sum('vector')}. Moving values into place costs {choice.sum('operand')}, taking them "
        f"out again {choice.sum('extract')}; {choice.sum('scalar')} is left for scalars that remain{spared}. "
        f"Together {choice.total} instead of {choice.scalar}: {number(choice.scalar - choice.total)} saved."
    )


def fate_words(fate: Fate) -> str:
    """Why a candidate was chosen or not, for a table's cell."""
    packs = ", ".join(f"P{found}" for found in fate.packs[:4]) + (" …" if len(fate.packs) > 4 else "")
    if fate.kind == "chosen":
        return f"chosen: {packs}"
    if fate.kind == "rearranged":
        return f"same lanes as {packs}, operands in another order"
    if fate.kind == "overlaps":
        return f"shares lanes with {packs}"
    if fate.kind == "cycle":
        return "would close a cycle with the packs chosen"
    if fate.kind == "unpriced":
        return "no price for it here"
    if fate.change == 0:
        return "would save nothing"
    return f"would cost {fate.change} more" if fate.change > 0 else f"would save {-fate.change} more"


def offers_words(found: Offers) -> str:
    """How much of the candidates the table shows."""
    text = (
        "“As scalars” is what its instructions cost one by one, “as vector” the vector operation alone, "
        "without operands. “Alone” is the change of the function’s price if this were the only pack: most "
        "packs pay only together with others. The last columns say what became of it beside the packs chosen."
    )
    if found.count > len(found.shown):
        text += (
            f" Shown are {len(found.shown)} of {found.count}: all that were chosen, then those that do best "
            "alone."
        )
    return text
