"""The page: one self-contained HTML file."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from vecgnn import __version__
from vecgnn.explain.captions import (
    GRAPH_CAPTION,
    INTRODUCTION,
    LEGEND,
    LISTING_CAPTION,
    LLVM_CAPTION,
    PACKS_CAPTION,
)
from vecgnn.explain.collect import Answer, Study, cheapest, phrase_of
from vecgnn.explain.drawing import blocks_by_packs, draw
from vecgnn.explain.facts import Choice
from vecgnn.explain.listing import Line
from vecgnn.explain.markup import colour, esc, plural
from vecgnn.explain.svg import style, svg
from vecgnn.explain.tables import candidates_table, packs_table, price_table
from vecgnn.explain.words import (
    KIND_NAMES,
    answer_words,
    comparison_words,
    function_words,
    graph_words,
    offers_words,
    percent,
    price_words,
    printed_words,
    upper,
)

DRAWN = 1500
"""Instructions drawn for one packer; further blocks are named, not drawn."""

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>$style</style>
</head>
<body>
$body
<script>$script</script>
</body>
</html>
""")


def page(found: Study) -> str:
    """The whole page, from the facts."""
    body = [_header(found)]
    if found.reason:
        body.append(f'<p class="fault">Nothing to show: {esc(found.reason)}.</p>')
    else:
        body += [
            f'<section class="prose"><h2>What packing is</h2>{INTRODUCTION}</section>',
            _outcome(found),
            _tabs(found),
            *(_panel(found, answer, opened=answer.packer == _opened(found)) for answer in found.answers),
            _candidates(found),
        ]
    body.append(f"<footer>Written by vecgnn {esc(__version__)}.</footer>")
    return _PAGE.substitute(
        title=esc(f"{found.name}: what was packed and why"),
        style=style() + _asset("page.css"),
        body="\n".join(body),
        script=_asset("page.js"),
    )


def _asset(name: str) -> str:
    return (files("vecgnn.explain") / name).read_text(encoding="utf-8")


def _header(found: Study) -> str:
    target = f" · prices of {esc(found.problem.target.name)}" if found.problem else ""
    note = f" ({esc(found.note)})" if found.note else ""
    return (
        f"<header><h1><code>{esc(found.name)}</code></h1>"
        f"<p>What was packed, and why · {esc(found.file)}{target}{note}</p></header>"
    )


def _outcome(found: Study) -> str:
    """The figures of each packer side by side, then in sentences."""
    sentences = [function_words(found)]
    sentences += [answer_words(answer) for answer in found.answers if answer.choice]
    sentences += [esc(sentence) for sentence in comparison_words(found)]
    sentences.append(esc(printed_words(found)))
    sentences += [
        f"{esc(upper(phrase_of(packer)))} was left out: {esc(reason)}."
        for packer, reason in found.missing.items()
    ]
    cards = "".join(_card(found, answer) for answer in found.answers)
    items = "".join(f"<li>{sentence}</li>" for sentence in sentences if sentence)
    return (
        f'<section><h2>The outcome</h2><div class="cards">{cards}</div>{_bar_legend(found)}'
        f'<ul class="prose">{items}</ul></section>'
    )


def _card(found: Study, answer: Answer) -> str:
    if answer.failure:
        inside = f'<p class="fault">{esc(answer.failure)}</p>'
    elif answer.choice and answer.solution:
        choice = answer.choice
        saved = percent(choice.scalar - choice.total, choice.scalar)
        proved = {"optimal": " · proved best", "feasible": ""}.get(
            answer.solution.status, f" · {esc(answer.solution.status)}"
        )
        inside = (
            f'<p class="figure">{choice.scalar} → {choice.total}</p>'
            f"<p>{saved} less · {plural(len(choice.packs), 'pack')} · "
            f"found in {answer.solution.seconds:.2f} s{proved}</p>{_bar(choice)}"
        )
        notes = "; ".join(f"{name}: {text}" for name, text in answer.solution.notes.items())
        inside += f"<p>{esc(notes)}</p>" if notes else ""
    elif answer.printed is not None and found.printed is not None:
        inside = f'<p class="figure">{found.printed} → {answer.printed}</p><p>cost as LLVM prints it</p>'
    else:
        inside = "<p>its IR is below</p>"
    return f'<div class="card"><h3>{esc(answer.title)}</h3>{inside}</div>'


def _bar(choice: Choice) -> str:
    """The price as a bar against the scalar price, by kind of term."""
    whole = max(choice.scalar, choice.total, 1)
    parts = "".join(
        f'<i class="{kind}" style="width:{100 * paid / whole:.1f}%" title="{name}: {paid}"></i>'
        for kind, name in KIND_NAMES.items()
        if (paid := choice.sum(kind)) > 0
    )
    return f'<div class="bar">{parts}</div>'


def _bar_legend(found: Study) -> str:
    """What the bars' colours mean."""
    if not found.choices:
        return ""
    items = "".join(f'<li><i class="{kind}"></i> {name}</li>' for kind, name in KIND_NAMES.items())
    return f'<ul class="legend bars">{items}<li><i></i> saved</li></ul>'


def _opened(found: Study) -> str:
    """The packer whose tab is open at first: the cheapest of ours, else whichever there is."""
    return cheapest(found) if found.choices else found.answers[0].packer


def _tabs(found: Study) -> str:
    buttons = "".join(
        f'<button class="tab" role="tab" data-tab="{esc(answer.packer)}" '
        f'aria-selected="{str(answer.packer == _opened(found)).lower()}">{esc(answer.title)}</button>'
        for answer in found.answers
    )
    return f'<nav class="tabs" role="tablist">{buttons}</nav>'


def _panel(found: Study, answer: Answer, opened: bool) -> str:
    """What one packer made of the function."""
    parts: list[str] = []
    if answer.failure:
        failure = f"{upper(answer.phrase)} gave no answer: {answer.failure}"
        parts.append(f'<p class="fault">{esc(failure)}</p>')
    else:
        parts.append(_listings(answer))
    if answer.choice:
        parts.append(_graphs(found, answer.choice))
        if answer.choice.packs:
            parts.append(
                f'<section><h2>What {esc(answer.phrase)} chose</h2><p class="prose">{PACKS_CAPTION}</p>'
                f"{packs_table(found, answer.choice)}</section>"
            )
        parts.append(
            f'<section><h2>The price, term by term</h2><p class="prose">{price_words(answer.choice)}</p>'
            f"{price_table(found, answer.choice)}</section>"
        )
    hidden = "" if opened else " hidden"
    name = esc(answer.packer)
    return f'<div class="panel" role="tabpanel" data-panel="{name}"{hidden}>{"".join(parts)}</div>'


def _listings(answer: Answer) -> str:
    caption = LISTING_CAPTION if answer.choice else LLVM_CAPTION
    right = _listing(answer.after) if answer.after else f'<p class="fault">{esc(answer.remark)}</p>'
    return (
        f'<section><h2>Before and after</h2><p class="prose">{caption}</p><div class="sides">'
        f"{_listing(answer.before)}{right}</div></section>"
    )


def _listing(lines: tuple[Line, ...]) -> str:
    rows: list[str] = []
    for line in lines:
        role = "" if line.role in ("text", "scalar") else line.role
        classes = " ".join(filter(None, (role, colour(line.pack))))
        data = f' class="{classes}"' if classes else ""
        data += f" data-i={line.instruction}" if line.instruction is not None else ""
        data += f" data-p={line.pack}" if line.pack is not None else ""
        rows.append(f"<div{data}>{esc(line.text)}</div>")
    return f'<div class="listing">{"".join(rows)}</div>'


def _graphs(found: Study, choice: Choice) -> str:
    """Pictures of the blocks, the one with the most packs open, the others to be opened."""
    assert found.problem is not None
    graph = found.problem.graph
    blocks = blocks_by_packs(graph, [choice])
    shown: list[str] = []
    drawn = 0
    for position, block in enumerate(blocks):
        bounds = found.function.blocks[block]
        drawn += bounds.stop - bounds.start
        if position and drawn > DRAWN:
            rest = plural(len(blocks) - position, "more block")
            shown.append(f'<p class="prose">{rest} not drawn.</p>')
            break
        drawing = draw(graph, choice, block)
        canvas = (
            f'<p class="prose">{graph_words(found, choice, drawing)}</p><div class="frame">'
            '<div class="zoom"><button data-zoom="-">−</button><button data-zoom="=">fit</button>'
            f'<button data-zoom="+">+</button></div><div class="canvas">{svg(drawing, found)}</div></div>'
        )
        if position:
            size = plural(bounds.stop - bounds.start, "instruction")
            summary = f"<summary>Block <code>{esc(bounds.label)}</code>, {size}</summary>"
            canvas = f"<details>{summary}{canvas}</details>"
        shown.append(canvas)
    return (
        f'<section><h2>The dependence graph</h2><p class="prose">{GRAPH_CAPTION}</p>{LEGEND}'
        f"{''.join(shown)}</section>"
    )


def _candidates(found: Study) -> str:
    if found.offers is None or not found.offers.shown:
        return '<section><h2>The candidates</h2><p class="prose">There are none.</p></section>'
    return (
        f'<section><h2>The candidates</h2><p class="prose">{offers_words(found.offers)}</p>'
        f"{candidates_table(found)}</section>"
    )
